/**
 * The log: commit records under the position of their first event, in an environment of its own. Keys only ascend, so a
 * commit dirties one page, not one a key; and nothing but the log shares its writer, its syncs and its file.
 */
import type { Position } from "../../src/kernel/event.js";
import { sealOf } from "../codec.js";
import { JournalCorruptedError } from "../errors.js";
import { decodeRecord, eventCountOf, type CommitRecord } from "../record.js";
import {
  openEnvironment,
  openTable,
  readFast,
  written,
  type Environment,
  type Table,
} from "./environment.js";

/** A record ready to be written. */
export interface LogEntry {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

const RANGE_RECORDS = 512;
/** Operations after which lmdb starts at once (its txnStartThreshold). */
const START_NOW_RECORDS = 6;
/** Positions begin at 1. */
const NO_POSITION = 0;

export class LogFile {
  readonly #environment: Environment;
  readonly #table: Table;

  constructor(path: string, readOnly: boolean) {
    this.#environment = openEnvironment(path, readOnly);
    this.#table = openTable(this.#environment, "log");
  }

  /**
   * Writes a group in one transaction, on the condition that nobody wrote a record where ours begins: positions have
   * no gaps, so whoever else appended since we last did used exactly that key.
   *
   * @returns Once it is on disk; false where the condition failed and nothing was written.
   */
  write(group: readonly LogEntry[]): Promise<boolean> {
    const first = group[0] as LogEntry;
    const committed = written(
      this.#table.ifNoExists(first.position, () => {
        // Flat puts only: nested conditions, awaits or a throw in here would commit half a group (facts A1).
        for (const entry of group) void this.#table.put(entry.position, entry.bytes);
      }),
    );
    // lmdb begins to write at the end of the turn, or at the next operation when several are waiting. So this one, which
    // removes what never exists, lets the disk work while this turn goes on giving answers.
    if (group.length >= START_NOW_RECORDS)
      written(this.#table.remove(NO_POSITION)).catch(() => undefined);
    return committed;
  }

  /**
   * The record whose first event has this position.
   *
   * @throws JournalCorruptedError - There is none, or it is damaged.
   */
  record(position: Position): CommitRecord {
    const bytes = readFast(this.#table, position);
    if (bytes === undefined) throw new JournalCorruptedError(position, "the record is missing");
    return decodeRecord(position, bytes);
  }

  /** The checksum of the record at this position; undefined where there is none. */
  sealAt(position: Position): number | undefined {
    const bytes = readFast(this.#table, position);
    return bytes === undefined ? undefined : sealOf(bytes);
  }

  /** Position of the first event of the record that holds `position`; 0 where the log is empty or begins later. */
  recordPositionOf(position: Position): Position {
    for (const key of this.#table.getKeys({ start: position, reverse: true, limit: 1 }))
      return key as Position;
    return 0;
  }

  /** Position of the last event; 0 for an empty log. */
  head(): Position {
    const last = this.recordPositionOf(Number.MAX_SAFE_INTEGER);
    return last === 0 ? 0 : last + eventCountOf(this.record(last)) - 1;
  }

  /**
   * Records in order, from the one that holds `position` on, up to the record that holds `upTo`. Reads in short ranges,
   * so that a slow consumer pins no pages.
   *
   * @throws JournalCorruptedError - A record is damaged, or there is a gap before it.
   */
  *recordsFrom(position: Position, upTo: Position): Generator<CommitRecord> {
    // Beyond the end the search below would find the last record, which holds no such position.
    if (position > upTo) return;
    let next = position <= 1 ? 1 : this.recordPositionOf(position);
    while (next <= upTo) {
      const range = this.#readRange(next, upTo);
      for (const record of range) {
        if (record.position !== next)
          throw new JournalCorruptedError(next, `the next record is at ${record.position}`);
        next = record.position + eventCountOf(record);
        yield record;
      }
      if (range.length === 0)
        throw new JournalCorruptedError(next, `records up to ${upTo} are missing`);
    }
  }

  #readRange(from: Position, upTo: Position): CommitRecord[] {
    const records: CommitRecord[] = [];
    for (const { key, value } of this.#table.getRange({
      start: from,
      end: upTo + 1,
      limit: RANGE_RECORDS,
    })) {
      records.push(decodeRecord(key as Position, value));
    }
    return records;
  }

  /** Forgets the view of the file this turn began with; needed to see what another process wrote meanwhile. */
  refresh(): void {
    this.#environment.resetReadTxn();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}
