/** Whether two data directories hold the same history. */
import { resolve } from "node:path";
import { recordForm, StoredLog, type LoggedRecord } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { systemClock } from "../kernel/system-clock.js";
import { reportTo, type MaintenanceOptions } from "./verify-store.js";

/** What `compareStores` found. */
export interface Comparison {
  /** Whether both logs have the same commits, byte by byte, and the same head. */
  readonly equal: boolean;
  readonly heads: readonly [a: Position, b: Position];
  readonly storeIds: readonly [a: string, b: string];
  /** Commits that are equal, from the beginning on. */
  readonly equalCommits: number;
  /** Position up to which both are equal. */
  readonly equalTo: Position;
  /** What comes next and isn't equal. */
  readonly difference: CommitDifference | undefined;
}

/** The first commits that aren't equal; undefined for one that has none there. */
export interface CommitDifference {
  readonly position: Position;
  readonly a: unknown;
  readonly b: unknown;
}

const TURN_COMMITS = 256;

/**
 * Compares two data directories commit by commit, as of their heads when it begins. Store ids, the indexes and the views
 * aren't compared; how commits share rows of the log isn't either.
 *
 * @throws JournalFormatError, JournalCorruptedError - One of them can't be read.
 */
export async function compareStores(
  a: string,
  b: string,
  options: MaintenanceOptions = {},
): Promise<Comparison> {
  const first = new StoredLog(resolve(a));
  try {
    const second = new StoredLog(resolve(b));
    try {
      return await compare(first, second, options);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

async function compare(a: StoredLog, b: StoredLog, options: MaintenanceOptions) {
  const heads = [a.head(), b.head()] as const;
  const report = reportTo(options, Math.max(...heads));
  const others = b.commits(1, heads[1]);
  let equalCommits = 0;
  let equalTo = 0;
  let difference: CommitDifference | undefined;
  for (const logged of a.commits(1, heads[0])) {
    const other = nextOf(others);
    if (other === undefined || Buffer.compare(logged.bytes, other.bytes) !== 0) {
      difference = differenceOf(logged, other);
      break;
    }
    equalCommits += 1;
    equalTo = lastPositionOf(logged);
    if (equalCommits % TURN_COMMITS !== 0) continue;
    report(equalTo, "events");
    await new Promise<void>((resolve) => systemClock.defer(resolve));
  }
  difference ??= surplusOf(nextOf(others));
  others.return(undefined);
  const storeIds = [a.manifest.storeId, b.manifest.storeId] as const;
  return { equal: difference === undefined, heads, storeIds, equalCommits, equalTo, difference };
}

function nextOf(commits: Generator<LoggedRecord>): LoggedRecord | undefined {
  const next = commits.next();
  return next.done === true ? undefined : next.value;
}

function differenceOf(a: LoggedRecord, b: LoggedRecord | undefined): CommitDifference {
  const { position } = a.record;
  return { position, a: recordForm(a.record), b: b && recordForm(b.record) };
}

function surplusOf(b: LoggedRecord | undefined): CommitDifference | undefined {
  return b && { position: b.record.position, a: undefined, b: recordForm(b.record) };
}

function lastPositionOf({ record }: LoggedRecord): Position {
  return record.parts.reduce((sum, { events }) => sum + events.length, record.position - 1);
}
