/** How fast does a subscription come from the beginning to the head, folding into memory? */
import { openLmdbJournal, Subscription, type Page } from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { systemClock, systemIds } from "../../src/kernel/system-clock.js";
import { accountIds } from "../account.js";
import { closedLoop, Comparison, rateOf, type Answer } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

export interface CatchUpSize {
  readonly rounds: number;
  readonly catchUpEvents: number;
}

const ACCOUNTS = 1_000;

export async function catchUp(size: CatchUpSize): Promise<Answer> {
  const { rounds, catchUpEvents: events } = size;
  const comparison = new Comparison(`catch-up of a subscription, ${events} events`);
  const ids = accountIds(ACCOUNTS);
  await inDirectory(async (directory) => {
    const sqlite = new SqliteStore(directory, { cached: true });
    await closedLoop(events, 256, (n) => sqlite.deposit(ids[n % ACCOUNTS] as string, 1));
    const runtime = await openAccounts(directory);
    await deposits(runtime, ids, events, 256);
    await runtime.close();
    const journal = await openLmdbJournal({
      directory,
      clock: systemClock,
      ids: systemIds,
      limits: defaultLimits,
      logger: silentLogger,
    });
    for (let round = 0; round < rounds; round++) {
      comparison.add(SQLITE, await rateOf(events, () => sqlite.catchUp(new Map())));
      const subscribe = async () => {
        const balances = new Map<string, number>();
        let count = 0;
        const handle = ({ events: page }: Page) => {
          for (const { streamId, data } of page) {
            const { amount } = data as { amount: number };
            balances.set(streamId, (balances.get(streamId) ?? 0) + amount);
          }
          count += page.length;
        };
        const options = { name: "bench", after: 0, clock: systemClock, handle };
        const subscription = new Subscription(journal, options);
        await subscription.reached(events, 600_000);
        await subscription.close();
        return count;
      };
      comparison.add(TIDEMARK, await rateOf(events, subscribe));
    }
    await journal.close();
    sqlite.close();
  });
  return { rows: comparison.rows(), targets: [comparison.atLeastTimes(1.1, TIDEMARK, SQLITE)] };
}
