/** Reading: records of the log, or the index's copies of them, turned into events, each checked for gaps on the way. */
import { isForgotten } from "../../src/kernel/command-ids.js";
import type { Position, RecordedEvent, StoredEvent, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import type { Limits } from "../../src/kernel/limits.js";
import { JournalCorruptedError } from "../errors.js";
import type { Commit, Page, PageOptions, StreamReadOptions } from "../journal.js";
import { commitOf, recordedEventOf, type CommitRecord } from "../record.js";
import type { JournalIndex } from "./journal-index.js";
import type { LogFile } from "./log-file.js";
import { PageReader } from "./page-reader.js";

export class LogReader {
  readonly #storeId: string;
  readonly #log: LogFile;
  readonly #index: JournalIndex;
  readonly #pages: PageReader;
  readonly #assertReadable: () => void;
  readonly #commandIdsKeptMs: number;

  /** @param assertReadable - Asked before each look into the index by a reader that takes its time. */
  constructor(
    storeId: string,
    log: LogFile,
    index: JournalIndex,
    { commandIdsKeptMs }: Pick<Limits, "commandIdsKeptMs">,
    assertReadable: () => void,
  ) {
    this.#commandIdsKeptMs = commandIdsKeptMs;
    this.#storeId = storeId;
    this.#log = log;
    this.#index = index;
    this.#pages = new PageReader(storeId, log, index);
    this.#assertReadable = assertReadable;
  }

  /**
   * The index is asked anew for every few commits: between two events of a slow reader it may be written out, and what
   * was in memory when the reading began is then elsewhere.
   */
  *stream(streamId: StreamId, options: StreamReadOptions): Generator<RecordedEvent> {
    const step = options.direction === "backward" ? -1 : 1;
    const { from: wantedFrom = 1, upTo: wantedUpTo = Infinity } = options;
    const begun = this.#index.begin(streamId, step > 0 ? wantedFrom : wantedUpTo);
    const from = Math.max(wantedFrom, begun.start);
    const upTo = Math.min(wantedUpTo, begun.version);
    let { commits } = begun;
    let left = options.limit ?? Infinity;
    let next = step > 0 ? from : upTo;
    while (next >= from && next <= upTo && left > 0) {
      this.#assertReadable();
      commits ??= this.#index.commitsAround(streamId, next, step, begun.chunkedBelow);
      const before = next;
      for (const event of this.#eventsOf(streamId, commits, step)) {
        // The first and the last commit may hold versions beyond what was asked for.
        if (event.version < from || event.version > upTo || (event.version - next) * step < 0)
          continue;
        if (event.version !== next) throw gapIn(streamId, next, event);
        next += step;
        yield event;
        left -= 1;
        if (left === 0) return;
      }
      if (next === before) throw this.#missing(streamId, next, begun.version);
      commits = undefined;
    }
  }

  /**
   * Ascending, the events of a few commits at a time.
   *
   * @param onBegun - Told the stream's version when reading begins.
   */
  *replay(
    streamId: StreamId,
    options: Pick<StreamReadOptions, "from" | "upTo">,
    onBegun?: (version: Version) => void,
  ): Generator<StoredEvent[]> {
    const begun = this.#index.begin(streamId, options.from ?? 1);
    onBegun?.(begun.version);
    const upTo = Math.min(options.upTo ?? Infinity, begun.version);
    let next = Math.max(options.from ?? 1, begun.start);
    let { commits } = begun;
    while (next <= upTo) {
      this.#assertReadable();
      commits ??= this.#index.commitsAround(streamId, next, 1, begun.chunkedBelow);
      const run: StoredEvent[] = [];
      for (const record of commits) next = appendTo(run, streamId, record, next, upTo);
      if (run.length === 0) throw this.#missing(streamId, next, begun.version);
      commits = undefined;
      yield run;
    }
  }

  /** A stream's events of a few commits, in the direction of `step`. */
  #eventsOf(streamId: StreamId, commits: readonly CommitRecord[], step: 1 | -1): RecordedEvent[] {
    const events: RecordedEvent[] = [];
    for (const record of commits) {
      const [part] = record.parts;
      if (part?.streamId !== streamId) continue;
      for (let at = 0; at < part.events.length; at++)
        events.push(recordedEventOf(this.#storeId, record, part, at, record.position + at));
    }
    return step > 0 ? events : events.reverse();
  }

  #missing(streamId: StreamId, version: Version, upTo: Version): JournalCorruptedError {
    const problem = `the index has no version ${version} of stream ${streamId}, but versions up to ${upTo}`;
    return new JournalCorruptedError(this.#log.head(), problem);
  }

  page(options: PageOptions, head: Position): Page {
    return this.#pages.page(options, head);
  }

  /** The commit that answered a command, as a repetition of the command gets it. */
  command(commandId: string, newestRecordedAtMs: number): Commit | undefined {
    const record = this.commandRecord(commandId, newestRecordedAtMs);
    return record === undefined ? undefined : commitOf(this.#storeId, record, true);
  }

  /** @param newestRecordedAtMs - When the newest commit was recorded: how long ids are known is counted back from there. */
  commandRecord(commandId: string, newestRecordedAtMs: number): CommitRecord | undefined {
    const address = this.#index.commandAddress(commandId);
    if (address === undefined) return undefined;
    const record = this.#log.record(address);
    if (record.commandId === commandId) {
      const { recordedAtMs } = record;
      const keptMs = this.#commandIdsKeptMs;
      return isForgotten(commandId, recordedAtMs, newestRecordedAtMs, keptMs) ? undefined : record;
    }
    throw new JournalCorruptedError(
      record.position,
      `the index expects command ${JSON.stringify(commandId)} there`,
    );
  }
}

/** Appends a commit's events of one stream from version `next` up to `upTo`; the version that comes then. */
function appendTo(
  run: StoredEvent[],
  streamId: StreamId,
  record: CommitRecord,
  next: Version,
  upTo: Version,
): Version {
  const { recordedAtMs } = record;
  const [part] = record.parts;
  if (part?.streamId !== streamId) return next;
  let { firstVersion: version } = part;
  let { position } = record;
  for (const { type, shape, data } of part.events) {
    if (version >= next && version <= upTo) {
      const event = { type, shape, data, streamId, version, position, recordedAtMs };
      if (version !== next) throw gapIn(streamId, next, event);
      run.push(event);
      next += 1;
    }
    version += 1;
    position += 1;
  }
  return next;
}

function gapIn(streamId: StreamId, expected: number, event: StoredEvent): JournalCorruptedError {
  return new JournalCorruptedError(
    event.position,
    `stream ${streamId} has version ${event.version} there, expected ${expected}`,
  );
}
