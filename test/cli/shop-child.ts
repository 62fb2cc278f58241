/** A service that runs in a process of its own: the shop, in the directory that it is given. It sells what it reads from its input. */
import { createInterface } from "node:readline";
import { openRuntime } from "tidemark";
import { nats } from "tidemark/nats";
import { Article, definitions } from "../../examples/guides/command-line.js";

const [, , directory = "", servers] = process.argv;
const runtime = await openRuntime({
  directory,
  service: "shop",
  ...definitions,
  ...(servers === undefined ? {} : { messaging: nats({ servers, prefix: "cli" }) }),
});

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  const [id = "", type = "", rest = "null"] = line.split("|");
  await runtime.ask(Article, id, { type, data: JSON.parse(rest) as never } as never);
  process.stdout.write(`done ${line}\n`);
}
await runtime.close();
