/** How many bytes on disk does an event take in the end, everything included? */
import { accountIds } from "../account.js";
import { closedLoop, Comparison, type Answer } from "../measure.js";
import { bytesIn, inDirectory } from "../stores/directory.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

const ACCOUNTS = 1_000;

/** One round: the figure doesn't depend on the machine's load. */
export async function diskBytes(size: { events: number }): Promise<Answer> {
  const comparison = new Comparison(`bytes on disk an event, ${size.events} events`);
  const ids = accountIds(ACCOUNTS);
  await inDirectory(async (directory) => {
    const store = new SqliteStore(directory, { cached: true });
    await closedLoop(size.events, 256, (n) =>
      store.deposit(ids[n % ACCOUNTS] as string, 1 + (n % 997)),
    );
    store.close();
    comparison.add(SQLITE, { value: bytesIn(directory) / size.events });
  });
  await inDirectory(async (directory) => {
    const runtime = await openAccounts(directory);
    await deposits(runtime, ids, size.events, 256);
    await runtime.close();
    comparison.add(TIDEMARK, { value: bytesIn(directory) / size.events });
  });
  return { rows: comparison.rows(), targets: [comparison.atMostTimes(1, TIDEMARK, SQLITE)] };
}
