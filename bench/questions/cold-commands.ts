/** What does a command cost when its account isn't in memory: with a short history, a longer one, and a long one with snapshots? */
import { Account, accountIds, AccountWithoutSnapshots, shuffled } from "../account.js";
import { closedLoop, Comparison, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

export interface ColdCommandsSize {
  readonly rounds: number;
  readonly accounts: number;
  readonly coldCommands: number;
  /** Accounts with a history of 1,000 events. */
  readonly longAccounts: number;
  /** To those in a round: so few that their histories stay about as long. */
  readonly longCommands: number;
}

const POOL = 100;
const IN_FLIGHT = 256;

export async function coldCommands(size: ColdCommandsSize): Promise<Answer> {
  const short = new Comparison(`cold commands, 10 prior events, ${size.accounts} accounts`);
  const longer = new Comparison(`cold commands, 100 prior events, ${size.accounts} accounts`);
  const long = new Comparison(
    `cold commands, 1,000 prior events and snapshots, ${size.longAccounts} accounts`,
  );
  await inDirectory((directory) => stages(directory, size, short, longer));
  await inDirectory(async (directory) => {
    const ids = shuffled(accountIds(size.longAccounts));
    await fill(directory, ids, 1_000, Account);
    for (let round = 0; round < size.rounds; round++)
      long.add(TIDEMARK, await cold(directory, ids, size.longCommands, Account));
  });
  return {
    rows: [short, longer, long].flatMap((comparison) => comparison.rows()),
    targets: [
      short.atLeastTimes(2, TIDEMARK, SQLITE),
      longer.atLeastTimes(2, TIDEMARK, SQLITE),
      long.atLeastTimesThat(0.7, TIDEMARK, short, "the figure with 10 prior events"),
    ],
  };
}

/** The same stores with 10 events an account, and then with 100. */
async function stages(
  directory: string,
  size: ColdCommandsSize,
  short: Comparison,
  longer: Comparison,
): Promise<void> {
  const ids = shuffled(accountIds(size.accounts));
  let prior = 0;
  for (const [wanted, comparison] of [
    [10, short],
    [100, longer],
  ] as const) {
    await fill(directory, ids, wanted - prior, AccountWithoutSnapshots);
    await fillSqlite(directory, ids, wanted - prior);
    prior = wanted;
    const sqlite = new SqliteStore(directory, { cached: false });
    for (let round = 0; round < size.rounds; round++) {
      const send = (n: number) => sqlite.deposit(ids[n % ids.length] as string, 1);
      comparison.add(SQLITE, await closedLoop(size.coldCommands, IN_FLIGHT, send));
      comparison.add(
        TIDEMARK,
        await cold(directory, ids, size.coldCommands, AccountWithoutSnapshots),
      );
    }
    sqlite.close();
  }
}

async function fillSqlite(
  directory: string,
  ids: readonly string[],
  events: number,
): Promise<void> {
  const sqlite = new SqliteStore(directory, { cached: true });
  await closedLoop(ids.length * events, IN_FLIGHT, (n) =>
    sqlite.deposit(ids[n % ids.length] as string, 1),
  );
  sqlite.close();
}

async function fill(
  directory: string,
  ids: readonly string[],
  events: number,
  aggregate: typeof Account,
): Promise<void> {
  const runtime = await openAccounts(directory, { activationsMax: ids.length * 2 }, aggregate);
  await deposits(runtime, ids, ids.length * events, IN_FLIGHT, aggregate);
  await runtime.close();
}

async function cold(
  directory: string,
  ids: readonly string[],
  count: number,
  aggregate: typeof Account,
): Promise<Sample> {
  const runtime = await openAccounts(directory, { activationsMax: POOL }, aggregate);
  const sample = await deposits(runtime, ids, count, IN_FLIGHT, aggregate);
  await runtime.close();
  return sample;
}
