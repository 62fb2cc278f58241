/** How much does the way through an actor cost by itself, when nothing is recorded? */
import { openMemoryRuntime } from "../../src/testing/index.js";
import { Account, accountIds } from "../account.js";
import { closedLoop, compare, type Answer } from "../measure.js";
import { TIDEMARK } from "../stores/tidemark-store.js";

export async function undurableCommands(size: {
  rounds: number;
  refusals: number;
}): Promise<Answer> {
  const ids = accountIds(1_000);
  const comparison = await compare("refused commands, 256 in flight", size.rounds, [
    {
      name: TIDEMARK,
      async run() {
        const runtime = await openMemoryRuntime({ aggregates: [Account] });
        const send = (n: number) =>
          runtime.ask(Account, ids[n % 1_000] as string, { type: "Deposit", data: { amount: 0 } });
        await closedLoop(1_000, 256, send);
        const sample = await closedLoop(size.refusals, 256, send);
        await runtime.close();
        return sample;
      },
    },
  ]);
  return {
    rows: comparison.rows(),
    targets: [comparison.atLeast(400_000, TIDEMARK, "a second")],
  };
}
