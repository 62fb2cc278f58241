/** Rotates the master key and the keys of subjects over and over, writes with what is newest, and says what was answered, until it is killed. */
import { openRuntime } from "tidemark";
import { users } from "../privacy/people.js";
import { masterId, nameOf, userId, withMasters } from "./keys-under-fire.js";

const [directory = "", first = "0", count = "1"] = process.argv.slice(2);
let round = Number(first);

const runtime = await openRuntime({
  directory,
  freeBytesMin: 0,
  aggregates: [users],
  privacy: withMasters(() => round),
});

async function write(n: number): Promise<void> {
  const data = { name: nameOf(n, round), email: `${userId(n)}@example.org` };
  const answer = await runtime.ask(users, userId(n), { type: "Register", data });
  if (answer.status === "accepted") console.log(`wrote ${n} ${round} ${answer.version}`);
}

for (;;) {
  round += 1;
  console.log(`round ${round}`);
  const rotated = runtime.privacy.rotateMasterKey();
  // In the middle of it, with new subjects among them.
  const written = Array.from({ length: Number(count) }, (_, n) => write(n));
  for (let n = 0; n < 3; n++) await runtime.privacy.rotateKey(userId(round % (n + 2)));
  await Promise.all(written);
  if ((await rotated) === masterId(round)) console.log(`rotated ${round}`);
}
