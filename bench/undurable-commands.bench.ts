/** How much does the way through an actor cost by itself, when nothing is recorded? */
import { openMemoryRuntime } from "tidemark/testing";
import { Account, accountIds } from "./account.js";
import { closedLoop, compare, type Row } from "./measure.js";

export async function undurableCommands(size: {
  rounds: number;
  refusals: number;
}): Promise<Row[]> {
  const ids = accountIds(1_000);
  return compare("refused commands, 256 in flight, nothing recorded", size.rounds, [
    {
      name: "a promise each",
      baseline: true,
      run: () => closedLoop(size.refusals, 256, (n) => new Promise((resolve) => resolve(n))),
    },
    {
      name: "Tidemark commands",
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
}
