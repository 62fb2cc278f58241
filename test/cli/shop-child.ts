/** A service of its own: the shop, in the directory that it is given, on the NATS server that it is given. Each line is a delivery. */
import { createInterface } from "node:readline";
import { openRuntime } from "tidemark";
import { nats } from "tidemark/nats";
import { Article, definitions } from "../../examples/guides/command-line.js";
import { fillShop } from "../support/shop.js";

const [directory = "", servers = ""] = process.argv.slice(2);
const runtime = await openRuntime({
  ...definitions,
  directory,
  freeBytesMin: 0,
  service: "shop",
  messaging: nats({ servers, prefix: "cli" }),
  admin: { nats: "change", natsPayloads: true },
});
await fillShop(runtime);
process.stdout.write("ready\n");
for await (const id of createInterface({ input: process.stdin }))
  await runtime.ask(Article, id, { type: "Receive", data: { count: 1 } });
await runtime.close();
