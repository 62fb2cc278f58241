/**
 * Copies every readable record of a damaged log into a new journal. The original is opened for reading only.
 *
 * Where nothing is lost the copy has the same positions and versions. Behind a lost record they close up, since a journal
 * has no gaps; so the copy is a store of its own, with its own id, and the report names what each stream lacks.
 *
 * Runs in a process of its own (`src/maintenance/`): a damaged page can end it in LMDB's native code; it then begins anew,
 * and leaves out the place that it read last.
 */
import { join } from "node:path";
import type { Clock, Ids } from "../../src/kernel/clock.js";
import { hasCode } from "../../src/kernel/errors.js";
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import type { AppendRequest, ClaimChange, Journal } from "../journal.js";
import {
  eventCountOf,
  intactRecord,
  recordedEventOf,
  type CommitRecord,
  type RecordClaim,
} from "../record.js";
import { LogFile } from "./log-file.js";
import { recordBytes } from "./log-row.js";
import { readManifest } from "./manifest.js";
import { openLmdbJournal } from "./open.js";
import type { ProgressListener } from "./verify.js";

/** What `salvageStore` did. */
export interface SalvageReport {
  readonly from: string;
  readonly to: string;
  /** Commits and events copied. */
  readonly commits: number;
  readonly events: number;
  /** Positions of the original that couldn't be read, first and last of each stretch; the first 1,000. */
  readonly lost: readonly (readonly [first: Position, last: Position])[];
  readonly lostEvents: number;
  /** Versions that streams lack, as far as a later event of the stream was read; the first 1,000. */
  readonly incompleteStreams: readonly IncompleteStream[];
  /** Claims that couldn't be made again, because what they rest on is lost: `<position>: <problem>`. */
  readonly lostClaims: readonly string[];
}

/** A stream of which events could not be read. */
export interface IncompleteStream {
  readonly streamId: StreamId;
  /** First and last missing version, as numbered in the original. */
  readonly missing: readonly [first: Version, last: Version];
}

/** Stretches of positions at which reading ended a process: from the first (inclusive) to the second (exclusive). */
export type Skips = readonly (readonly [from: Position, to: Position])[];

const LISTED_MAX = 1_000;
const IN_FLIGHT_MAX = 4_096;
const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024;
const PROGRESS_EVERY_EVENTS = 20_000;

interface Copied {
  /** Last version of the stream in the original, and in the copy. */
  read: Version;
  written: Version;
}

export class Salvager {
  readonly #from: string;
  readonly #to: string;
  readonly #progress: ProgressListener;
  readonly #ids: Ids;
  readonly #clock: Clock;
  readonly #streams = new Map<StreamId, Copied>();
  readonly #lost: [Position, Position][] = [];
  readonly #incomplete: IncompleteStream[] = [];
  readonly #lostClaims: string[] = [];
  #nowMs = 0;
  #storeId = "";
  #next: Position = 1;
  #lostEvents = 0;
  #commits = 0;
  #events = 0;

  constructor(
    paths: { readonly from: string; readonly to: string },
    ports: { readonly clock: Clock; readonly ids: Ids; readonly progress: ProgressListener },
  ) {
    this.#from = paths.from;
    this.#to = paths.to;
    this.#progress = ports.progress;
    this.#ids = ports.ids;
    // Commits get the time at which they were recorded first.
    this.#clock = { ...ports.clock, nowMs: () => this.#nowMs };
  }

  /**
   * @param skips - What isn't to be looked at.
   * @param reading - Told each position before it is looked for or read.
   */
  async run(skips: Skips, reading: (position: Position) => void): Promise<SalvageReport> {
    this.#storeId = readManifest(this.#from)?.storeId ?? "";
    const log = new LogFile(join(this.#from, "log"), true);
    const journal = await openLmdbJournal({
      directory: this.#to,
      clock: this.#clock,
      ids: this.#ids,
      limits: {
        ...defaultLimits,
        inFlightBytesMax: 2 ** 30,
        eventDataBytesMax: 2 ** 30,
        metadataBytesMax: 2 ** 30,
      },
      logger: silentLogger,
    });
    const lastKey = log.rowPositionOf(Number.MAX_SAFE_INTEGER);
    let inFlight: Promise<unknown>[] = [];
    // All keys first: when finding them ends the process, nothing was copied in vain.
    for (const key of [...keysOf(log, lastKey, skips, reading)]) {
      reading(key);
      for (const record of this.#recordsAt(log, key)) {
        inFlight.push(this.#copy(journal, record));
        if (inFlight.length < IN_FLIGHT_MAX && journal.inFlightBytes() < IN_FLIGHT_BYTES_MAX)
          continue;
        await Promise.all(inFlight);
        inFlight = [];
      }
      if (this.#events % PROGRESS_EVERY_EVENTS < 32) this.#progress(key, lastKey, "events");
    }
    await Promise.all(inFlight);
    this.#progress(lastKey, lastKey, "events");
    await journal.close();
    await log.close();
    return this.#report();
  }

  #recordsAt(log: LogFile, key: Position): CommitRecord[] {
    const bytes = log.rowBytes(key);
    const records: CommitRecord[] = [];
    if (bytes === undefined) return records;
    const row = { position: key, bytes: Uint8Array.from(bytes) };
    for (let place = 0; ; place++) {
      const own = recordBytes(row, place);
      if (own === undefined) return records;
      const record = intactRecord(key, own);
      if (record !== undefined) records.push(record);
    }
  }

  #copy(journal: Journal, record: CommitRecord): Promise<unknown> {
    // Lower than what was read: an old row that damage brought to light again.
    if (record.position < this.#next) return Promise.resolve();
    if (record.position > this.#next) this.#noteLost(this.#next, record.position - 1);
    const count = eventCountOf(record);
    this.#next = record.position + count;
    this.#nowMs = record.recordedAtMs;
    this.#commits += 1;
    this.#events += count;
    const request = this.#requestOf(record);
    return new Promise((resolve, reject) => {
      const sink = { committed: resolve, failed: reject };
      try {
        journal.enqueue(request, sink);
      } catch (error) {
        if (!hasCode(error, "claim-not-held") && !hasCode(error, "claim-taken")) throw error;
        this.#lostClaims.push(`${record.position}: ${(error as Error).message}`);
        journal.enqueue({ ...request, claims: [] }, sink);
      }
    });
  }

  #requestOf(record: CommitRecord): AppendRequest {
    const [first] = record.parts;
    const origin = first && recordedEventOf(this.#storeId, record, first, 0, record.position);
    const isBeginning = origin?.correlationId === origin?.eventId;
    const streams = record.parts.map(({ streamId, firstVersion, truncateBefore, events }) => {
      const copied = this.#streams.get(streamId) ?? { read: 0, written: 0 };
      if (firstVersion > copied.read + 1 && this.#incomplete.length < LISTED_MAX)
        this.#incomplete.push({ streamId, missing: [copied.read + 1, firstVersion - 1] });
      const expected = copied.written;
      const shift = firstVersion - 1 - copied.written;
      copied.read = firstVersion + events.length - 1;
      copied.written += events.length;
      this.#streams.set(streamId, copied);
      const before =
        truncateBefore === 0 ? {} : { truncateBefore: Math.max(1, truncateBefore - shift) };
      return { streamId, expected, events, ...before };
    });
    return {
      streams,
      commandId: record.commandId,
      claims: record.claims.map(claimChangeOf),
      ...(record.reply === undefined ? {} : { reply: record.reply[0] }),
      // Spelled out, since by default it would begin with the new store's id.
      metadata: {
        ...record.metadata,
        ...(isBeginning && origin && { correlationId: origin.correlationId }),
      },
    };
  }

  #noteLost(first: Position, last: Position): void {
    this.#lostEvents += last - first + 1;
    if (this.#lost.length < LISTED_MAX) this.#lost.push([first, last]);
  }

  #report(): SalvageReport {
    return {
      from: this.#from,
      to: this.#to,
      commits: this.#commits,
      events: this.#events,
      lost: this.#lost,
      lostEvents: this.#lostEvents,
      incompleteStreams: this.#incomplete,
      lostClaims: this.#lostClaims,
    };
  }
}

/**
 * Keys of the log's rows as far as they can be found. At a damaged page LMDB ends as if there were no more: the next place
 * that can be read is then searched for. Or it throws, and is good for nothing any more; or it ends the process. Both are
 * for a new process to pass over.
 */
function* keysOf(
  log: LogFile,
  lastKey: Position,
  skips: Skips,
  reading: (position: Position) => void,
): Generator<Position> {
  let next = 1;
  while (next <= lastKey) {
    next = endOfSkip(skips, next) ?? next;
    reading(next);
    for (const key of log.rowPositions(next)) {
      if (endOfSkip(skips, key) !== undefined) break;
      yield key;
      next = key + 1;
      reading(next);
    }
    if (next <= lastKey) next = nextReadable(log, next, lastKey, skips, reading);
  }
}

/** The lowest position behind `after` from which a key can be found; by steps that double, then halve again. */
function nextReadable(
  log: LogFile,
  after: Position,
  lastKey: Position,
  skips: Skips,
  reading: (position: Position) => void,
): Position {
  const works = (position: Position): boolean => {
    if (endOfSkip(skips, position) !== undefined) return false;
    reading(position);
    for (const key of log.rowPositions(position)) return key >= position;
    return false;
  };
  let low = after;
  let high = after + 1;
  while (high < lastKey && !works(high))
    [low, high] = [high, Math.min(lastKey, high + 2 * (high - after))];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (works(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function endOfSkip(skips: Skips, position: Position): Position | undefined {
  return skips.find(([from, to]) => position >= from && position < to)?.[1];
}

function claimChangeOf({ op, name, key, owner, argument }: RecordClaim): ClaimChange {
  switch (op) {
    case "take":
      return argument === 0
        ? { op, name, key, owner }
        : { op, name, key, owner, expiresAtMs: argument as number };
    case "release":
      return { op, name, key, owner };
    case "move":
      return { op, name, key, owner, to: argument as string };
  }
}
