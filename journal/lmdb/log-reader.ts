/** Reading: index entries turned into records of the log, and records into events, each checked for gaps on the way. */
import type { Position, RecordedEvent, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { JournalCorruptedError } from "../errors.js";
import type { Commit, EventFilter, Page, PageOptions, StreamReadOptions } from "../journal.js";
import { matches } from "../read-options.js";
import { commitOf, recordedEventOf, type CommitRecord } from "../record.js";
import { streamTypeOf } from "../../src/kernel/ids.js";
import type { JournalIndex, StreamEntry } from "./journal-index.js";
import type { LogFile } from "./log-file.js";

const ENTRIES_AT_A_TIME = 64;

export class LogReader {
  readonly #storeId: string;
  readonly #log: LogFile;
  readonly #index: JournalIndex;

  constructor(storeId: string, log: LogFile, index: JournalIndex) {
    this.#storeId = storeId;
    this.#log = log;
    this.#index = index;
  }

  /**
   * The index is asked anew for every few entries: between two events of a slow reader it may be written out, and what
   * was in memory when the reading began is then elsewhere.
   */
  *stream(streamId: StreamId, options: StreamReadOptions): Generator<RecordedEvent> {
    const from = Math.max(options.from ?? 1, this.#index.streamStart(streamId));
    const upTo = Math.min(options.upTo ?? Infinity, this.#index.streamVersion(streamId));
    const step = options.direction === "backward" ? -1 : 1;
    let left = options.limit ?? Infinity;
    let next = step > 0 ? from : upTo;
    while (next >= from && next <= upTo && left > 0) {
      const entries = this.#entriesAt(streamId, next, step);
      if (entries.length === 0) throw this.#missing(streamId, next, upTo);
      for (const entry of entries) {
        const events = this.#eventsOf(streamId, entry);
        if (step < 0) events.reverse();
        for (const event of events) {
          // The first and the last commit may hold versions beyond what was asked for.
          if (event.version < from || event.version > upTo || (event.version - next) * step < 0)
            continue;
          if (event.version !== next) throw gapIn(streamId, next, event);
          next += step;
          yield event;
          left -= 1;
          if (left === 0) return;
        }
      }
    }
  }

  #entriesAt(streamId: StreamId, version: Version, step: 1 | -1): StreamEntry[] {
    const source =
      step > 0
        ? this.#index.entriesForward(streamId, version)
        : this.#index.entriesBackward(streamId, version);
    const entries: StreamEntry[] = [];
    for (const entry of source) if (entries.push(entry) === ENTRIES_AT_A_TIME) break;
    return entries;
  }

  #missing(streamId: StreamId, version: Version, upTo: Version): JournalCorruptedError {
    const problem = `stream ${streamId} has no version ${version}, but versions up to ${upTo}`;
    return new JournalCorruptedError(this.#log.head(), problem);
  }

  #eventsOf(streamId: StreamId, entry: StreamEntry): RecordedEvent[] {
    const record = this.#log.record(entry.position);
    let position = record.position;
    for (const part of record.parts) {
      if (part.streamId !== streamId) {
        position += part.events.length;
        continue;
      }
      if (part.firstVersion !== entry.firstVersion || part.events.length !== entry.count) break;
      return part.events.map((_, at) =>
        recordedEventOf(this.#storeId, record, part, at, position + at),
      );
    }
    throw new JournalCorruptedError(
      entry.position,
      `the index expects version ${entry.firstVersion} of ${streamId} there`,
    );
  }

  page(options: PageOptions, head: Position): Page {
    const { after, limit, filter } = options;
    const upTo = Math.min(options.upTo ?? head, head);
    if (after >= upTo) return { events: [], scannedTo: after };
    const filtered = filter?.eventTypes !== undefined || filter?.streamTypes !== undefined;
    const records = filtered
      ? this.#filteredRecords(filter, after + 1, upTo)
      : this.#log.recordsFrom(after + 1, upTo);
    const events: RecordedEvent[] = [];
    for (const record of records) {
      this.#collect(record, { after, upTo, filter }, events);
      // A commit is decoded as a whole, so it may bring more than was asked for.
      if (events.length < limit) continue;
      if (events.length > limit) events.length = limit;
      return { events, scannedTo: (events[limit - 1] as RecordedEvent).position };
    }
    return { events, scannedTo: upTo };
  }

  *#filteredRecords(filter: EventFilter, from: Position, upTo: Position): Generator<CommitRecord> {
    // The event after the checkpoint may be in the middle of a commit, which is indexed under its first position.
    for (const position of this.#index.filteredPositions(
      filter,
      this.#log.recordPositionOf(from),
    )) {
      if (position > upTo) return;
      yield this.#log.record(position);
    }
  }

  #collect(
    record: CommitRecord,
    bounds: { after: Position; upTo: Position; filter: EventFilter | undefined },
    into: RecordedEvent[],
  ): void {
    let position = record.position;
    for (const part of record.parts) {
      const streamType = streamTypeOf(part.streamId);
      for (let at = 0; at < part.events.length; at++, position++) {
        if (position <= bounds.after || position > bounds.upTo) continue;
        if (!matches(bounds.filter, streamType, part.events[at]?.type ?? "")) continue;
        into.push(recordedEventOf(this.#storeId, record, part, at, position));
      }
    }
  }

  /** The commit that answered a command, as a repetition of the command gets it. */
  command(commandId: string): Commit | undefined {
    const record = this.commandRecord(commandId);
    return record === undefined ? undefined : commitOf(this.#storeId, record, true);
  }

  commandRecord(commandId: string): CommitRecord | undefined {
    const position = this.#index.commandPosition(commandId);
    if (position === undefined) return undefined;
    const record = this.#log.record(position);
    if (record.commandId === commandId) return record;
    throw new JournalCorruptedError(
      position,
      `the index expects command ${JSON.stringify(commandId)} there`,
    );
  }
}

function gapIn(streamId: StreamId, expected: number, event: RecordedEvent): JournalCorruptedError {
  return new JournalCorruptedError(
    event.position,
    `stream ${streamId} has version ${event.version} there, expected ${expected}`,
  );
}
