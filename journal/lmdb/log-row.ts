/**
 * A row of the log: a commit record, or several one behind the other with a table of where they begin in front and a checksum
 * of all behind. So a group of small commits costs a put for every few of them, a reader of all decodes a row in one go, and
 * a reader of one finds it without the others.
 *
 * ```
 * record                                                      an array: 0x94 …
 * bin of uint16 [begin of the 2nd, of the 3rd, …]  record  record  record …  uint32 crc      a bin: 0xc4 …
 * ```
 *
 * Begins are counted from the first record's.
 */
import type { Position } from "../../src/kernel/event.js";
import { BIN8, BIN_HEADER_BYTES, emptyBin, isSealed, SEAL_BYTES, sealSequence } from "../codec.js";
import { JournalCorruptedError } from "../errors.js";
import {
  decodeRecord,
  decodeValues,
  eventCountOf,
  intactRecord,
  recordAt,
  type CommitRecord,
} from "../record.js";

export interface LogRow {
  /** The row's key: position of the first event of its first record. */
  readonly position: Position;
  readonly bytes: Uint8Array;
}

/**
 * Where a record stands: its row's key and its place in the row, as one number that ascends as positions do.
 *
 * `key × 128 + place`
 */
export type RecordAddress = number;

const ROW_RECORDS_MAX = 128;
const BEGIN_BYTES = 2;
/** What fits an overflow page of 4,096 bytes: values of more than half a page have such pages for themselves. */
const ROW_BYTES_MAX = 4_080;

export function addressOf(rowPosition: Position, place: number): RecordAddress {
  return rowPosition * ROW_RECORDS_MAX + place;
}

export function rowPositionOf(address: RecordAddress): Position {
  return Math.floor(address / ROW_RECORDS_MAX);
}

/** A commit to be put in a row. */
export interface RowEntry {
  readonly position: Position;
  readonly bytes: Uint8Array;
  /** Told where it was put. */
  address: RecordAddress;
}

/** A row of the log, decoded. */
export interface DecodedRow extends LogRow {
  readonly records: readonly CommitRecord[];
}

/** A record, where it stands, and the bytes it was decoded from. */
export interface LoggedRecord {
  readonly record: CommitRecord;
  readonly bytes: Uint8Array;
  readonly address: RecordAddress;
}

/** Puts a group of commits in rows; a commit larger than a row has one of its own. */
export function rowsOf(group: readonly RowEntry[]): LogRow[] {
  const rows: LogRow[] = [];
  let from = 0;
  let bytes = SEAL_BYTES;
  for (let at = 0; at < group.length; at++) {
    const entry = group[at] as RowEntry;
    const needed = entry.bytes.length + BEGIN_BYTES;
    if (at > from && (bytes + needed > ROW_BYTES_MAX || at - from === ROW_RECORDS_MAX)) {
      rows.push(rowOf(group, from, at));
      from = at;
      bytes = SEAL_BYTES;
    }
    entry.address = addressOf((group[from] as RowEntry).position, at - from);
    bytes += needed;
  }
  if (group.length > 0) rows.push(rowOf(group, from, group.length));
  return rows;
}

function rowOf(group: readonly RowEntry[], from: number, to: number): LogRow {
  const { position, bytes: first } = group[from] as RowEntry;
  if (to - from === 1) return { position, bytes: first };
  const begins = emptyBin((to - from - 1) * BEGIN_BYTES);
  const values: Uint8Array[] = [begins];
  let begin = 0;
  for (let index = from; index < to; index++) {
    const { bytes } = group[index] as RowEntry;
    if (index > from)
      begins.writeUInt16BE(begin, BIN_HEADER_BYTES + (index - from - 1) * BEGIN_BYTES);
    values.push(bytes);
    begin += bytes.length;
  }
  return { position, bytes: sealSequence(values) };
}

/**
 * Decodes the records of a row.
 *
 * @param upTo - Of a damaged row, what stands behind this position isn't needed.
 * @throws JournalCorruptedError - A checksum doesn't match, or a record belongs elsewhere.
 */
export function decodeRow(row: LogRow, upTo: Position = Infinity): DecodedRow {
  const { position, bytes } = row;
  if (!isSealed(bytes)) return decodeDamagedRow(row, upTo);
  const values = decodeValues(position, bytes);
  const records: CommitRecord[] = [];
  let next = position;
  for (const fields of bytes[0] === BIN8 ? values.slice(1, -1) : values) {
    const record = recordAt(next, fields);
    records.push(record);
    next += eventCountOf(record);
  }
  if (records.length === 0) throw new JournalCorruptedError(position, "its row holds no record");
  return { position, bytes, records };
}

/** Each record has a checksum of its own, so damage in one leaves those before it readable, and can be named. */
function decodeDamagedRow(row: LogRow, upTo: Position): DecodedRow {
  const records: CommitRecord[] = [];
  let next = row.position;
  for (let place = 0; next <= upTo; place++) {
    const bytes = recordBytes(row, place);
    if (bytes === undefined)
      throw new JournalCorruptedError(next, "the checksum of its row doesn't match");
    const record = decodeRecord(next, bytes);
    records.push(record);
    next += eventCountOf(record);
  }
  return { ...row, records };
}

/** The records of a row with the bytes of each, for whoever keeps copies. */
export function* loggedRecordsOf(row: DecodedRow): Generator<LoggedRecord> {
  for (const [place, record] of row.records.entries()) {
    const bytes = recordBytes(row, place) as Uint8Array;
    yield { record, bytes, address: addressOf(row.position, place) };
  }
}

/**
 * Decodes one record of a row; its own checksum is looked at, not the row's.
 *
 * @throws JournalCorruptedError - It is damaged, or there are fewer.
 */
export function decodeRowAt(row: LogRow, address: RecordAddress): CommitRecord {
  const place = address - addressOf(row.position, 0);
  const bytes = recordBytes(row, place);
  const record = bytes === undefined ? undefined : intactRecord(row.position, bytes);
  if (record !== undefined) return record;
  // Tells the position of what is damaged; where the rest of the row is sound, this record isn't there at all.
  decodeRow(row);
  throw new JournalCorruptedError(row.position, `its row has no record ${place + 1}`);
}

/** The bytes of one record of a row; undefined where there are fewer. */
export function recordBytes({ bytes }: LogRow, place: number): Uint8Array | undefined {
  if (bytes[0] !== BIN8) return place === 0 ? bytes : undefined;
  const table = bytes[1] as number;
  const last = table / BEGIN_BYTES;
  if (place > last) return undefined;
  const base = BIN_HEADER_BYTES + table;
  const start = place === 0 ? base : base + beginAt(bytes, place);
  const end = place === last ? bytes.length - SEAL_BYTES : base + beginAt(bytes, place + 1);
  return bytes.subarray(start, end);
}

function beginAt(bytes: Uint8Array, place: number): number {
  const at = BIN_HEADER_BYTES + (place - 1) * BEGIN_BYTES;
  return ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0);
}
