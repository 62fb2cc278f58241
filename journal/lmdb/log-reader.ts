/** Reading: index entries turned into records of the log, and records into events, each checked for gaps on the way. */
import type { Position, RecordedEvent } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { JournalCorruptedError } from "../errors.js";
import type { Commit, EventFilter, Page, PageOptions, StreamReadOptions } from "../journal.js";
import { matches } from "../read-options.js";
import { commitOf, recordedEventOf, type CommitRecord } from "../record.js";
import { streamTypeOf } from "../../src/kernel/ids.js";
import type { JournalIndex, StreamEntry } from "./journal-index.js";
import type { LogFile } from "./log-file.js";

export class LogReader {
  readonly #storeId: string;
  readonly #log: LogFile;
  readonly #index: JournalIndex;

  constructor(storeId: string, log: LogFile, index: JournalIndex) {
    this.#storeId = storeId;
    this.#log = log;
    this.#index = index;
  }

  *stream(streamId: StreamId, options: StreamReadOptions): Generator<RecordedEvent> {
    const from = Math.max(options.from ?? 1, this.#index.streamStart(streamId));
    const upTo = Math.min(options.upTo ?? Infinity, this.#index.streamVersion(streamId));
    let left = options.limit ?? Infinity;
    if (from > upTo || left === 0) return;
    const backward = options.direction === "backward";
    const entries = backward
      ? this.#index.entriesBackward(streamId, upTo)
      : this.#index.entriesForward(streamId, from);
    let expected = backward ? upTo : from;
    for (const entry of entries) {
      const events = this.#eventsOf(streamId, entry);
      if (backward) events.reverse();
      for (const event of events) {
        if (event.version < from || event.version > upTo) continue;
        if (event.version !== expected) throw gapIn(streamId, expected, event);
        expected += backward ? -1 : 1;
        yield event;
        left -= 1;
        if (left === 0) return;
      }
      if (backward ? expected < from : expected > upTo) return;
    }
    throw new JournalCorruptedError(
      this.#log.head(),
      `stream ${streamId} has no version ${expected}, but versions up to ${upTo}`,
    );
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
