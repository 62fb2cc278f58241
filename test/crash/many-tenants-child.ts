/**
 * Makes so many tenants, uses each once in random order, and says whose command was accepted; at the end, and after a quarter of them, how
 * much memory it has. It may be killed, and started again.
 */
import { openTenants } from "tidemark";
import { Errand, List, Tally } from "../support/errands.js";
import { randomFrom } from "../support/random.js";

const [directory = "", count = "24", openMax = "8", seed = "1"] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const tenants = await openTenants({
  ...{ directory, aggregates: [Tally, List], sagas: [Errand], freeBytesMin: 0 },
  ...{ openMax: Number(openMax), waitMs: 60_000 },
});
const ids = Array.from({ length: Number(count) }, (_, n) => `t${n}`);
for (const id of ids) tenants.create(id);
const order = ids.map((id) => ({ id, at: random() })).sort((a, b) => a.at - b.at);
const memoryMiB = () => Math.round(process.memoryUsage.rss() / 2 ** 20);
let used = 0;

async function useNext(): Promise<void> {
  for (let next = order.pop(); next !== undefined; next = order.pop()) {
    const { id } = next;
    const answer = await tenants.use(id, (runtime) =>
      runtime.ask(List, "l", { type: "Ask", data: { id: "e" } }, { commandId: "ask" }),
    );
    if (answer.status === "accepted") console.log(`accepted ${id}`);
    used += 1;
    if (used === Math.ceil(ids.length / 4)) console.log(`memory ${memoryMiB()}`);
  }
}
await Promise.all([useNext(), useNext(), useNext(), useNext()]);
console.log(`memory ${memoryMiB()}`);
await tenants.close();
