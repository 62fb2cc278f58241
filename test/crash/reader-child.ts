/** Reads everything beside the owner, again and again, until it is killed. */
import { openRuntime } from "../../src/index.js";
import { Account } from "./account-under-fire.js";

const directory = process.argv[2] ?? "";
const runtime = await openRuntime({ directory, aggregates: [Account], readOnly: true });
process.stdout.write("reading\n");
for (;;) {
  let last = 0;
  for (const { position } of runtime.events()) last = position;
  if (last > runtime.head) throw new Error("read beyond the head");
  await new Promise((resolve) => setImmediate(resolve));
}
