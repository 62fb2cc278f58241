/** A service with too little of something: many commands over many entities, then a fold of everything. */
import { openRuntime } from "../../src/index.js";
import { pbkdf2 } from "node:crypto";
import { Account } from "./account-under-fire.js";

const [directory = "", commands = "", busy = ""] = process.argv.slice(2);
const runtime = await openRuntime({
  directory,
  aggregates: [Account],
  freeBytesMin: 0,
  askTimeoutMs: 60_000,
});
let working = true;
/** Keeps a thread of the pool busy that LMDB needs for its writes. */
function keepBusy(): void {
  pbkdf2("a", "b", 20_000, 64, "sha512", () => working && keepBusy());
}
for (let n = 0; n < Number(busy); n++) keepBusy();
const count = Number(commands);
let acknowledged = 0;
await Promise.all(
  Array.from({ length: 200 }, async (_, worker) => {
    for (let n = worker; n < count; n += 200) {
      const command = { type: "Deposit", data: { cents: 1 } } as const;
      const answer = await runtime.ask(Account, `e${n % 3_000}`, command);
      if (answer.status === "accepted") acknowledged += 1;
    }
  }),
);
working = false;
let sum = 0;
for (const { data } of runtime.events()) sum += (data as { cents: number }).cents;
await runtime.close();
process.stdout.write(JSON.stringify({ acknowledged, sum }));
process.exit(0);
