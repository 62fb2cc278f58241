/** Does a filter that admits one rare event type cost what it finds, however many events lie between? */
import { openLmdbJournal, readAll, type Journal } from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { systemClock, systemIds } from "../../src/kernel/system-clock.js";
import { accountIds, MEMO } from "../account.js";
import { closedLoop, Comparison, rateOf, type Answer } from "../measure.js";
import { inDirectory } from "../stores/directory.js";

export interface RareTypeSize {
  readonly rounds: number;
  /** Events in the larger store; the smaller one has a tenth. */
  readonly rareEvents: number;
}

const ACCOUNTS = 1_000;
const RARE = 1_000;
/** In one go, a reading takes only a few milliseconds. */
const READINGS = 20;
const FILTER = { eventTypes: ["Closed"] };

export async function rareType(size: RareTypeSize): Promise<Answer> {
  const { rounds, rareEvents: events } = size;
  const comparison = new Comparison(`ms to page through ${RARE} events of a rare type`);
  const few = `among ${(events / 10).toLocaleString("en")}`;
  const many = `among ${events.toLocaleString("en")}`;
  await inDirectory((small) =>
    inDirectory(async (large) => {
      const journals: [string, Journal][] = [
        [few, await filled(small, events / 10)],
        [many, await filled(large, events)],
      ];
      for (const [, journal] of journals) readRare(journal);
      for (let round = 0; round < rounds; round++) {
        for (const [name, journal] of journals) {
          const { value } = await rateOf(RARE * READINGS, () => readRare(journal));
          comparison.add(name, { value: (RARE / value) * 1_000 });
        }
      }
      for (const [, journal] of journals) await journal.close();
    }),
  );
  return { rows: comparison.rows(), targets: [comparison.atMostTimes(2, many, few)] };
}

/** The store was closed and opened again: what it is asked for is in the persisted index. */
async function filled(directory: string, events: number): Promise<Journal> {
  const journal = await opened(directory);
  const ids = accountIds(ACCOUNTS);
  const every = events / RARE;
  await closedLoop(events, 256, (n) => {
    const accountId = ids[n % ACCOUNTS] as string;
    const data = { accountId, amount: 1, currency: "EUR", memo: MEMO, at: systemClock.nowMs() };
    const type = (n + 1) % every === 0 ? "Closed" : "Deposited";
    return journal.append({
      streams: [{ streamId: `account/${accountId}`, events: [{ type, data }] }],
    });
  });
  await journal.close();
  return opened(directory);
}

function opened(directory: string): Promise<Journal> {
  return openLmdbJournal({
    directory,
    clock: systemClock,
    ids: systemIds,
    limits: defaultLimits,
    logger: silentLogger,
  });
}

/** Several times; the events found. */
function readRare(journal: Journal): number {
  let found = 0;
  for (let reading = 0; reading < READINGS; reading++)
    for (const { position } of readAll(journal, { filter: FILTER })) if (position > 0) found += 1;
  return found;
}
