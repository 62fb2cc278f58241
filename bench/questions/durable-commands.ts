/** How many commands a second are acknowledged after the sync, beside raw LMDB and a hand-written SQLite store? */
import { accountIds, shuffled } from "../account.js";
import { closedLoop, compare, Comparison, type Answer, type Contender } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { RAW_LMDB, rawPuts } from "../stores/raw-lmdb.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

export interface DurableCommandsSize {
  readonly rounds: number;
  readonly commands: number;
  readonly commandsAlone: number;
}

const HOT = { mailboxCapacity: 10_000 };

export async function durableCommands(size: DurableCommandsSize): Promise<Answer> {
  const alone = await compare("durable commands, 1 in flight, 1,000 accounts", size.rounds, [
    raw(size.commandsAlone, 1),
    sqlite(size.commandsAlone, 1, 1_000),
    tidemark(size.commandsAlone, 1, 1_000),
  ]);
  const warm = new Comparison("durable commands, 256 in flight, 1,000 accounts");
  const many = new Comparison("durable commands, 256 in flight, 10,000 accounts");
  const crowded = new Comparison("durable commands, 4,096 in flight, 10,000 accounts");
  const hot = new Comparison("durable commands, 256 in flight, 1 account");
  // In one round, since they are compared with each other.
  for (let round = 0; round < size.rounds; round++) {
    const rawSample = await rawPuts(size.commands, 256);
    warm.add(RAW_LMDB, rawSample);
    many.add(RAW_LMDB, rawSample);
    warm.add(SQLITE, await sqlite(size.commands / 4, 256, 1_000).run());
    warm.add(TIDEMARK, await tidemark(size.commands, 256, 1_000).run());
    many.add(SQLITE, await sqlite(size.commands / 4, 256, 10_000).run());
    many.add(TIDEMARK, await tidemark(size.commands, 256, 10_000).run());
    crowded.add(TIDEMARK, await tidemark(size.commands, 4_096, 10_000).run());
    hot.add(TIDEMARK, await tidemark(size.commands, 256, 1).run());
  }
  return {
    rows: [alone, warm, many, crowded, hot].flatMap((comparison) => comparison.rows()),
    targets: [
      alone.atLeastTimes(1, TIDEMARK, RAW_LMDB),
      warm.atLeastTimes(0.6, TIDEMARK, RAW_LMDB),
      warm.atLeastTimes(2.5, TIDEMARK, SQLITE),
      many.atLeastTimes(0.6, TIDEMARK, RAW_LMDB),
      many.atLeastTimes(2.5, TIDEMARK, SQLITE),
      crowded.atLeastTimesThat(1, TIDEMARK, many, "the figure at 256 in flight"),
      crowded.p99AtMost(60, TIDEMARK),
      hot.atLeastTimesThat(0.7, TIDEMARK, warm, "the figure over 1,000 accounts"),
    ],
  };
}

function raw(count: number, inFlight: number): Contender {
  return { name: RAW_LMDB, run: () => rawPuts(count, inFlight) };
}

/** With the state of each account in memory, as Tidemark has it. */
function sqlite(count: number, inFlight: number, accounts: number): Contender {
  return {
    name: SQLITE,
    run: () =>
      inDirectory(async (directory) => {
        const store = new SqliteStore(directory, { cached: true });
        const ids = shuffled(accountIds(accounts));
        const send = (n: number) => store.deposit(ids[n % accounts] as string, 1 + (n % 997));
        await closedLoop(accounts, 256, send);
        const sample = await closedLoop(count, inFlight, send);
        if (store.count() !== accounts + count) throw new Error("not all were recorded");
        store.close();
        return sample;
      }),
  };
}

function tidemark(count: number, inFlight: number, accounts: number): Contender {
  return {
    name: TIDEMARK,
    run: () =>
      inDirectory(async (directory) => {
        const runtime = await openAccounts(directory, { ...HOT, activationsMax: 20_000 });
        const ids = shuffled(accountIds(accounts));
        await deposits(runtime, ids, accounts, 256);
        const sample = await deposits(runtime, ids, count, inFlight);
        await runtime.close();
        return sample;
      }),
  };
}
