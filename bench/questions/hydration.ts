/** How fast is a state folded from its history, by the length of the history? */
import { accountIds, AccountWithoutSnapshots, shuffled } from "../account.js";
import { closedLoop, Comparison, rateOf, type Answer } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { deposits, foldStates, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

export interface HydrationSize {
  readonly rounds: number;
  /** Events in each of the three stores. */
  readonly events: number;
}

export async function hydration(size: HydrationSize): Promise<Answer> {
  const comparisons: Comparison[] = [];
  for (const length of [10, 100, 1_000]) comparisons.push(await ofLength(length, size));
  return {
    rows: comparisons.flatMap((comparison) => comparison.rows()),
    targets: comparisons.map((comparison) => comparison.atLeastTimes(1, TIDEMARK, SQLITE)),
  };
}

function ofLength(length: number, size: HydrationSize): Promise<Comparison> {
  const comparison = new Comparison(`hydration, events folded, streams of ${length}`);
  const ids = shuffled(accountIds(size.events / length));
  return inDirectory(async (directory) => {
    const sqlite = new SqliteStore(directory, { cached: true });
    await closedLoop(size.events, 256, (n) => sqlite.deposit(ids[n % ids.length] as string, 1));
    let runtime = await openAccounts(directory, { activationsMax: ids.length * 2 });
    await deposits(runtime, ids, size.events, 256);
    await runtime.close();
    runtime = await openAccounts(directory, {}, AccountWithoutSnapshots);
    for (let round = 0; round < size.rounds; round++) {
      const bySqlite = () => ids.reduce((events, id) => events + sqlite.load(id).version, 0);
      comparison.add(SQLITE, await rateOf(size.events, bySqlite));
      const byTidemark = () => foldStates(runtime, ids);
      comparison.add(TIDEMARK, await rateOf(size.events, byTidemark));
    }
    await runtime.close();
    sqlite.close();
    return comparison;
  });
}
