/**
 * The log: rows of commit records under the position of their first event, in an environment of its own. Keys only ascend,
 * so a group dirties only the pages it fills; and nothing but the log shares its writer, its syncs and its file.
 */
import type { Position } from "../../src/kernel/event.js";
import { sealOf } from "../codec.js";
import { JournalCorruptedError } from "../errors.js";
import { eventCountOf, type CommitRecord } from "../record.js";
import {
  openEnvironment,
  openTable,
  readFast,
  withTables,
  written,
  type Environment,
  type Table,
} from "./environment.js";
import {
  decodeRow,
  decodeRowAt,
  rowPositionOf,
  type DecodedRow,
  type LogRow,
  type RecordAddress,
} from "./log-row.js";

const RANGE_ROWS = 64;
/** Operations after which lmdb starts at once (its txnStartThreshold). */
const START_NOW_ROWS = 6;
/** Positions begin at 1. */
const NO_POSITION = 0;

export class LogFile {
  readonly #environment: Environment;
  readonly #table: Table;

  constructor(path: string, readOnly: boolean) {
    this.#environment = openEnvironment(path, readOnly);
    this.#table = withTables(this.#environment, () => openTable(this.#environment, "log"));
  }

  /**
   * Writes a group in one transaction, on the condition that nobody wrote a record where ours begins: positions have
   * no gaps, so whoever else appended since we last did used exactly that key.
   *
   * @returns Once it is on disk; false where the condition failed and nothing was written.
   */
  write(rows: readonly LogRow[]): Promise<boolean> {
    const first = rows[0] as LogRow;
    const committed = written(
      this.#table.ifNoExists(first.position, () => {
        // Flat puts only: nested conditions, awaits or a throw in here would commit half a group (facts A1).
        for (const row of rows) void this.#table.put(row.position, row.bytes);
      }),
    );
    // lmdb begins to write at the end of the turn, or at the next operation when several are waiting. So this one, which
    // removes what never exists, lets the disk work while this turn goes on giving answers.
    if (rows.length >= START_NOW_ROWS)
      written(this.#table.remove(NO_POSITION)).catch(() => undefined);
    return committed;
  }

  /**
   * The record that stands there.
   *
   * @param row - Its row, where it is at hand.
   * @throws JournalCorruptedError - There is none, or it is damaged.
   */
  record(address: RecordAddress, row = this.row(rowPositionOf(address))): CommitRecord {
    return decodeRowAt(row, address);
  }

  /**
   * The row with this key, unchecked. Its bytes are valid until the next read from any table.
   *
   * @throws JournalCorruptedError - There is none.
   */
  row(position: Position): LogRow {
    const bytes = this.rowBytes(position);
    if (bytes === undefined) throw new JournalCorruptedError(position, "the record is missing");
    return { position, bytes };
  }

  /** The checksum that the row with this key ends with; undefined where there is none. */
  sealAt(position: Position): number | undefined {
    const bytes = this.rowBytes(position);
    return bytes === undefined ? undefined : sealOf(bytes);
  }

  /** Key of the row that holds `position`; 0 where the log is empty or begins later. */
  rowPositionOf(position: Position): Position {
    for (const key of this.#table.getKeys({ start: position, reverse: true, limit: 1 }))
      return key as Position;
    return 0;
  }

  /** The last record; undefined for an empty log. */
  last(): CommitRecord | undefined {
    const position = this.rowPositionOf(Number.MAX_SAFE_INTEGER);
    return position === 0 ? undefined : decodeRow(this.row(position)).records.at(-1);
  }

  /** Position of the last event; 0 for an empty log. */
  head(): Position {
    const last = this.last();
    return last === undefined ? 0 : last.position + eventCountOf(last) - 1;
  }

  /**
   * One row after the other, from the row that holds `position` to the one that holds `upTo`. Reads in
   * short ranges, so that a slow consumer pins no pages.
   *
   * @throws JournalCorruptedError - A record is damaged, or there is a gap before it.
   */
  *rowsFrom(position: Position, upTo: Position): Generator<DecodedRow> {
    // Beyond the end the search below would find the last row, which holds no such position.
    if (position > upTo) return;
    let next = position <= 1 ? 1 : this.rowPositionOf(position);
    while (next <= upTo) {
      const rows = this.#readRange(next, upTo);
      for (const row of rows) {
        if (row.position !== next)
          throw new JournalCorruptedError(next, `the next record is at ${row.position}`);
        const decoded = decodeRow(row, upTo);
        const last = decoded.records[decoded.records.length - 1] as CommitRecord;
        next = last.position + eventCountOf(last);
        yield decoded;
      }
      if (rows.length === 0)
        throw new JournalCorruptedError(next, `records up to ${upTo} are missing`);
    }
  }

  /**
   * The records of one row after the other, like {@link LogFile.rowsFrom}, for whoever doesn't need their bytes: row by row,
   * without a copy of each.
   *
   * @throws JournalCorruptedError - A record is damaged or missing.
   */
  *recordsFrom(position: Position, upTo: Position): Generator<readonly CommitRecord[]> {
    if (position > upTo) return;
    let next = position <= 1 ? 1 : this.rowPositionOf(position);
    while (next <= upTo) {
      const { records } = decodeRow(this.row(next), upTo);
      const last = records[records.length - 1] as CommitRecord;
      next = last.position + eventCountOf(last);
      yield records;
    }
  }

  #readRange(from: Position, upTo: Position): LogRow[] {
    const rows: LogRow[] = [];
    for (const { key, value } of this.#table.getRange({
      start: from,
      end: upTo + 1,
      limit: RANGE_ROWS,
    })) {
      rows.push({ position: key as Position, bytes: value });
    }
    return rows;
  }

  /** Keys of the rows, ascending, from the first one that isn't below `position`. */
  *rowPositions(position: Position): Generator<Position> {
    for (const key of this.#table.getKeys({ start: position })) yield key as Position;
  }

  /** The bytes of a row, unchecked; undefined where there is none. */
  rowBytes(position: Position): Uint8Array | undefined {
    return readFast(this.#table, position);
  }

  /** Forgets the view of the file this turn began with; needed to see what another process wrote meanwhile. */
  refresh(): void {
    this.#environment.resetReadTxn();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}
