/** How large a data directory is, what makes it so, how fast it grows, and how long the disk will do. */
import { resolve } from "node:path";
import {
  diskBytesOf,
  encode,
  freeBytesOf,
  StoredLog,
  type LoggedRecord,
} from "../../journal/index.js";
import { checkInteger } from "../kernel/check.js";
import type { Position } from "../kernel/event.js";
import { streamTypeOf } from "../kernel/ids.js";
import { systemClock } from "../kernel/system-clock.js";

/** What `growthOf` may be told. */
export interface GrowthOptions {
  /** Days whose growth is told, today among them; defaults to 30. */
  readonly days?: number;
  /** Commits that are looked at; where there are more, so many evenly spread ones stand for all. Defaults to 20,000. */
  readonly sampleCommits?: number;
  /** The time that counts as now, in milliseconds since 1970; defaults to the machine's. */
  readonly nowMs?: number;
}

/** Events of one kind: their number, and the bytes of their data as recorded, without what goes around it. */
export interface KindFigures {
  readonly streamType: string;
  readonly eventType: string;
  readonly events: number;
  readonly bytes: number;
}

/** A day (UTC) and what was recorded in it: counted, not estimated. */
export interface DayFigures {
  /** `2026-11-21`. */
  readonly day: string;
  readonly events: number;
  /** Position before its first event. */
  readonly after: Position;
}

/** What `growthOf` found. */
export interface GrowthReport {
  readonly directory: string;
  /** Events recorded so far. */
  readonly head: Position;
  /** When the first and the last event were recorded; undefined for an empty journal. */
  readonly firstRecordedAtMs: number | undefined;
  readonly lastRecordedAtMs: number | undefined;
  /** Bytes on disk by part: `log`, `state`, `views`, `keys`, as far as they are there. */
  readonly diskBytes: Readonly<Record<string, number>>;
  /** Events by kind, most bytes first. Estimated where `counted` is false. */
  readonly kinds: readonly KindFigures[];
  /** Whether every commit was counted, rather than evenly spread ones taken for all. */
  readonly counted: boolean;
  readonly commitsRead: number;
  /** Oldest first. */
  readonly days: readonly DayFigures[];
  /** Mean over these days, today and days before the first event left out; over today where there are no others. */
  readonly eventsPerDay: number;
  /** The same in bytes on disk, at what an event takes on the average with its share of indexes and views: an estimate. */
  readonly bytesPerDay: number;
  /** Free on the disk, for this process. */
  readonly freeBytes: number;
  /** How long that lasts at this rate; undefined where nothing was recorded in these days. */
  readonly daysLeft: number | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1_000;
const TURN_COMMITS = 256;

/**
 * Figures of a data directory, also beside its owner: bytes by part and by kind of event, events by day, and how long the
 * disk will do. Days are counted by looking for their beginnings in the log (recorded times don't descend), so they cost a few
 * reads each; kinds are counted over all commits, or over evenly spread ones where there are many.
 *
 * @param directory - As given to `openRuntime`.
 * @throws JournalFormatError - There is no journal in it.
 * @throws JournalCorruptedError - A commit that was looked at is damaged.
 */
export async function growthOf(
  directory: string,
  options: GrowthOptions = {},
): Promise<GrowthReport> {
  const { days: dayCount = 30, sampleCommits = 20_000, nowMs = systemClock.nowMs() } = options;
  checkInteger("days", dayCount, 1, 3_660);
  checkInteger("sampleCommits", sampleCommits, 1, Number.MAX_SAFE_INTEGER);
  const path = resolve(directory);
  const log = new StoredLog(path);
  try {
    const head = log.head();
    const sample = await sampleOf(log, head, sampleCommits);
    const days = daysOf(log, head, nowMs, dayCount);
    const diskBytes = diskBytesOf(path);
    const freeBytes = freeBytesOf(path);
    const firstRecordedAtMs = head === 0 ? undefined : log.commitAt(1).recordedAtMs;
    const rates = ratesOf(days, head, diskBytes, firstRecordedAtMs);
    return {
      directory: path,
      head,
      firstRecordedAtMs,
      lastRecordedAtMs: head === 0 ? undefined : log.commitAt(head).recordedAtMs,
      diskBytes,
      ...sample,
      days,
      ...rates,
      freeBytes,
      daysLeft: rates.bytesPerDay === 0 ? undefined : freeBytes / rates.bytesPerDay,
    };
  } finally {
    await log.close();
  }
}

interface Tally {
  events: number;
  bytes: number;
}

async function sampleOf(log: StoredLog, head: Position, sampleCommits: number) {
  // At most as many commits as events: where those are few enough, all are counted.
  const counted = head <= sampleCommits;
  const tallies = new Map<string, Tally>();
  let commitsRead = 0;
  let eventsRead = 0;
  for (const { record } of counted ? log.commits(1, head) : spread(log, head, sampleCommits)) {
    for (const { streamId, events } of record.parts) {
      for (const { type, data } of events) {
        const kind = `${streamTypeOf(streamId)}/${type}`;
        const tally = tallies.get(kind) ?? { events: 0, bytes: 0 };
        tally.events += 1;
        tally.bytes += encode(data).length;
        tallies.set(kind, tally);
        eventsRead += 1;
      }
    }
    commitsRead += 1;
    if (commitsRead % TURN_COMMITS === 0)
      await new Promise<void>((resolve) => systemClock.defer(resolve));
  }
  const factor = eventsRead === 0 ? 1 : head / eventsRead;
  const kinds = [...tallies].map(([kind, tally]) => kindOf(kind, tally, factor));
  kinds.sort((a, b) => b.bytes - a.bytes);
  return { kinds, counted, commitsRead };
}

/** Commits that hold evenly spread positions, each once. */
function* spread(log: StoredLog, head: Position, count: number): Generator<LoggedRecord> {
  let last = 0;
  for (let n = 0; n < count; n++) {
    const position = 1 + Math.floor((n * head) / count);
    if (position <= last) continue;
    for (const logged of log.commits(position, position)) {
      const { record } = logged;
      last = record.parts.reduce((sum, { events }) => sum + events.length, record.position - 1);
      yield logged;
    }
  }
}

function kindOf(kind: string, { events, bytes }: Tally, factor: number): KindFigures {
  const slash = kind.indexOf("/");
  return {
    streamType: kind.slice(0, slash),
    eventType: kind.slice(slash + 1),
    events: Math.round(events * factor),
    bytes: Math.round(bytes * factor),
  };
}

function daysOf(log: StoredLog, head: Position, nowMs: number, count: number): DayFigures[] {
  const today = Math.floor(nowMs / DAY_MS);
  const days: DayFigures[] = [];
  let after = lastBefore(log, head, (today - count + 1) * DAY_MS);
  for (let day = today - count + 1; day <= today; day++) {
    // Today ends with the log: a clock that was ahead may have recorded something of tomorrow.
    const upTo = day === today ? head : lastBefore(log, head, (day + 1) * DAY_MS);
    const name = new Date(day * DAY_MS).toISOString().slice(0, 10);
    days.push({ day: name, events: upTo - after, after });
    after = upTo;
  }
  return days;
}

/** The last position recorded before a time. */
function lastBefore(log: StoredLog, head: Position, timeMs: number): Position {
  let low = 0;
  let high = head;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (log.commitAt(middle).recordedAtMs < timeMs) low = middle;
    else high = middle - 1;
  }
  return low;
}

function ratesOf(
  days: readonly DayFigures[],
  head: Position,
  diskBytes: Readonly<Record<string, number>>,
  firstRecordedAtMs: number | undefined,
) {
  const firstDay =
    firstRecordedAtMs === undefined ? "" : new Date(firstRecordedAtMs).toISOString().slice(0, 10);
  const past = days.slice(0, -1).filter(({ day }) => day >= firstDay);
  const counted = past.length > 0 ? past : days.slice(-1);
  const events = counted.reduce((sum, day) => sum + day.events, 0);
  const eventsPerDay = events / counted.length;
  const bytes = Object.values(diskBytes).reduce((sum, part) => sum + part, 0);
  return { eventsPerDay, bytesPerDay: head === 0 ? 0 : (eventsPerDay * bytes) / head };
}
