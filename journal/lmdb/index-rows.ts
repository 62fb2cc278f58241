/**
 * The rows of the persisted index and their bytes; described for strangers in `docs/internals/data-format.md`. All are
 * derived from the log, and all but the command rows carry a checksum (a command row is checked against the record it
 * points to).
 */
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import {
  BIN_HEADER_BYTES,
  emptyBin,
  isSealed,
  seal,
  SEAL_BYTES,
  sealSequence,
  unseal,
} from "../codec.js";
import type { ClaimState } from "../claims.js";
import type { Snapshot } from "../journal.js";
import { JournalCorruptedError } from "../errors.js";
import { decodeCopies, type CommitRecord } from "../record.js";
import type { RecordAddress } from "./log-row.js";

/** Layout of the tables of `state`; another number on disk means "rebuild from the log". */
export const STATE_FORMAT = 2;

/** Which log the index reflects, and how far. */
export interface StateRow {
  readonly format: number;
  readonly storeId: string;
  /** Position of the last event indexed; 0 for none. */
  readonly indexedTo: Position;
  /** Key of the row that ends with it, and that row's checksum: another log, or a log set back, doesn't have the same. */
  readonly rowPosition: Position;
  readonly rowSeal: number;
}

/** A stream: its versions, and copies of its newest records. Older copies are in chunks. */
export interface StreamRow {
  readonly version: Version;
  readonly truncateBefore: Version;
  /** Version of the first event in `copies`. */
  readonly copiesFrom: Version;
  /** Records one behind the other; of a row just read, valid until the next read. */
  readonly copies: Uint8Array;
}

export const stateRow = {
  encode: (row: StateRow) =>
    seal([row.format, row.storeId, row.indexedTo, row.rowPosition, row.rowSeal]),
  decode(bytes: Uint8Array): StateRow | undefined {
    const fields = unseal(bytes, 5);
    if (typeof fields === "string") return undefined;
    const [format, storeId, indexedTo, rowPosition, rowSeal] = fields as [
      number,
      string,
      number,
      number,
      number,
    ];
    return { format, storeId, indexedTo, rowPosition, rowSeal };
  },
};

const STREAM_NUMBERS = 3;
const NUMBER_BYTES = 8;
const STREAM_HEADER_BYTES = BIN_HEADER_BYTES + STREAM_NUMBERS * NUMBER_BYTES;

export const streamRow = {
  encode({ version, truncateBefore, copiesFrom }: Omit<StreamRow, "copies">, copies: Uint8Array[]) {
    const header = emptyBin(STREAM_NUMBERS * NUMBER_BYTES);
    let at = BIN_HEADER_BYTES;
    for (const number of [version, truncateBefore, copiesFrom])
      at = header.writeDoubleBE(number, at);
    return sealSequence([header, ...copies]);
  },
  decode(bytes: Uint8Array): StreamRow {
    if (bytes.length < STREAM_HEADER_BYTES || !isSealed(bytes))
      damaged("its checksum doesn't match");
    const numbers = new DataView(bytes.buffer, bytes.byteOffset + BIN_HEADER_BYTES);
    return {
      version: numbers.getFloat64(0),
      truncateBefore: numbers.getFloat64(NUMBER_BYTES),
      copiesFrom: numbers.getFloat64(2 * NUMBER_BYTES),
      copies: bytes.subarray(STREAM_HEADER_BYTES, bytes.length - SEAL_BYTES),
    };
  },
};

/** Copies of a stream's older records, one behind the other. */
export const chunkRow = {
  encode: (copies: readonly Uint8Array[]) => sealSequence(copies),
  decode(bytes: Uint8Array): CommitRecord[] {
    return decodeCopies(chunkRow.copies(bytes));
  },
  copies(bytes: Uint8Array): Uint8Array {
    if (!isSealed(bytes)) damaged("its checksum doesn't match");
    return bytes.subarray(0, bytes.length - SEAL_BYTES);
  },
};

export const kindRow = {
  encode: (streamType: string, eventType: string) => seal([streamType, eventType]),
  decode: (bytes: Uint8Array) => opened(bytes, 2) as [streamType: string, eventType: string],
};

export const kindChunkRow = {
  encode: (addresses: readonly RecordAddress[]) => seal([differencesOf(addresses)]),
  decode: (bytes: Uint8Array): RecordAddress[] => sumsOf((opened(bytes, 1) as [number[]])[0]),
};

export const claimRow = {
  encode: (claim: ClaimState) => seal([claim.owner, claim.expiresAtMs, claim.position]),
  decode(bytes: Uint8Array): ClaimState {
    const [owner, expiresAtMs, position] = opened(bytes, 3) as [string, number, number];
    return { owner, expiresAtMs, position };
  },
};

export const commandsFromRow = {
  encode: (position: Position) => seal([position]),
  decode: (bytes: Uint8Array) => (opened(bytes, 1) as [Position])[0],
};

export const snapshotRow = {
  encode: ({ version, position, takenAtMs, fingerprint, state }: Snapshot) =>
    seal([version, position, takenAtMs, fingerprint, state]),
  /** Undefined where the bytes are damaged: a snapshot is optional, the log has the truth. */
  decode(streamId: StreamId, bytes: Uint8Array): Snapshot | undefined {
    const fields = unseal(bytes, 5);
    if (typeof fields === "string") return undefined;
    const [version, position, takenAtMs, fingerprint, state] = fields as [
      number,
      number,
      number,
      string,
      unknown,
    ];
    return { streamId, version, position, takenAtMs, fingerprint, state };
  },
};

function opened(bytes: Uint8Array, length: number): unknown[] {
  const fields = unseal(bytes, length);
  return typeof fields === "string" ? damaged(fields) : fields;
}

function damaged(problem: string): never {
  throw new JournalCorruptedError(
    0,
    `in a row of the index ${problem}; close it and delete the folder "state", which is rebuilt from the log`,
  );
}

/** Ascending numbers as differences to the one before, which msgpack stores in fewer bytes. */
function differencesOf(values: readonly number[]): number[] {
  return values.map((value, at) => (at === 0 ? value : value - (values[at - 1] as number)));
}

/** The inverse of {@link differencesOf}, in place. */
function sumsOf(differences: number[]): number[] {
  let sum = 0;
  for (let at = 0; at < differences.length; at++) {
    sum += differences[at] as number;
    differences[at] = sum;
  }
  return differences;
}
