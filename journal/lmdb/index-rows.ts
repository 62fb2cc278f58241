/**
 * The rows of the persisted index and their bytes; described for strangers in `docs/internals/data-format.md`. All are
 * derived from the log, and all but the command rows carry a checksum (a command row is checked against the record it
 * points to).
 */
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { seal, unseal } from "../codec.js";
import type { ClaimState } from "../claims.js";
import type { Snapshot } from "../journal.js";
import { JournalCorruptedError } from "../errors.js";

/** Layout of the tables of `state`; another number on disk means "rebuild from the log". */
export const STATE_FORMAT = 1;

/** Which log the index reflects, and how far. */
export interface StateRow {
  readonly format: number;
  readonly storeId: string;
  /** Position of the last event indexed; 0 for none. */
  readonly indexedTo: Position;
  /** Record that holds it, and that record's checksum: another log, or a log set back, doesn't have the same. */
  readonly commitPosition: Position;
  readonly commitSeal: number;
}

/** A stream: its version and the entries of its newest commits. Older entries are in sealed chunks. */
export interface StreamRow {
  version: Version;
  truncateBefore: Version;
  /** Version of the first event in `entries`. */
  chunkFirstVersion: Version;
  /** Pairs, flat: position of the commit, number of its events in this stream. */
  entries: number[];
}

/** Older entries of a stream, never changed again. */
export interface ChunkRow {
  readonly firstVersion: Version;
  readonly lastVersion: Version;
  readonly entries: readonly number[];
}

export const stateRow = {
  encode: (row: StateRow) =>
    seal([row.format, row.storeId, row.indexedTo, row.commitPosition, row.commitSeal]),
  decode(bytes: Uint8Array): StateRow | undefined {
    const fields = unseal(bytes, 5);
    if (typeof fields === "string") return undefined;
    const [format, storeId, indexedTo, commitPosition, commitSeal] = fields as [
      number,
      string,
      number,
      number,
      number,
    ];
    return { format, storeId, indexedTo, commitPosition, commitSeal };
  },
};

export const streamRow = {
  encode: (row: StreamRow) =>
    seal([row.version, row.truncateBefore, row.chunkFirstVersion, deltasOf(row.entries, 2)]),
  decode(bytes: Uint8Array): StreamRow {
    const [version, truncateBefore, chunkFirstVersion, deltas] = opened(bytes, 4) as [
      number,
      number,
      number,
      number[],
    ];
    return { version, truncateBefore, chunkFirstVersion, entries: sumsOf(deltas, 2) };
  },
};

export const chunkRow = {
  encode: (row: ChunkRow) => seal([row.firstVersion, row.lastVersion, deltasOf(row.entries, 2)]),
  decode(bytes: Uint8Array): ChunkRow {
    const [firstVersion, lastVersion, deltas] = opened(bytes, 3) as [number, number, number[]];
    return { firstVersion, lastVersion, entries: sumsOf(deltas, 2) };
  },
};

export const kindRow = {
  encode: (streamType: string, eventType: string) => seal([streamType, eventType]),
  decode: (bytes: Uint8Array) => opened(bytes, 2) as [streamType: string, eventType: string],
};

export const kindChunkRow = {
  encode: (positions: readonly Position[]) => seal([deltasOf(positions, 1)]),
  decode: (bytes: Uint8Array): Position[] => sumsOf((opened(bytes, 1) as [number[]])[0], 1),
};

export const claimRow = {
  encode: (claim: ClaimState) => seal([claim.owner, claim.expiresAtMs, claim.position]),
  decode(bytes: Uint8Array): ClaimState {
    const [owner, expiresAtMs, position] = opened(bytes, 3) as [string, number, number];
    return { owner, expiresAtMs, position };
  },
};

export const snapshotRow = {
  encode: (snapshot: Snapshot) =>
    seal([snapshot.position, snapshot.takenAtMs, snapshot.fingerprint, snapshot.state]),
  /** Undefined where the bytes are damaged: a snapshot is optional, the log has the truth. */
  decode(streamId: StreamId, version: Version, bytes: Uint8Array): Snapshot | undefined {
    const fields = unseal(bytes, 4);
    if (typeof fields === "string") return undefined;
    const [position, takenAtMs, fingerprint, state] = fields as [number, number, string, unknown];
    return { streamId, version, position, takenAtMs, fingerprint, state };
  },
};

function opened(bytes: Uint8Array, length: number): unknown[] {
  const fields = unseal(bytes, length);
  if (typeof fields !== "string") return fields;
  throw new JournalCorruptedError(
    0,
    `a row of the index: ${fields} (delete the folder "state": it is rebuilt from the log)`,
  );
}

/** Ascending numbers as differences, which msgpack stores in fewer bytes; each `stride`-th number is such a one. */
function deltasOf(values: readonly number[], stride: 1 | 2): number[] {
  const deltas: number[] = new Array<number>(values.length);
  let before = 0;
  for (let at = 0; at < values.length; at += stride) {
    const value = values[at] as number;
    deltas[at] = value - before;
    before = value;
    if (stride === 2) deltas[at + 1] = values[at + 1] as number;
  }
  return deltas;
}

/** The inverse of {@link deltasOf}, in place. */
function sumsOf(deltas: number[], stride: 1 | 2): number[] {
  let sum = 0;
  for (let at = 0; at < deltas.length; at += stride) {
    sum += deltas[at] as number;
    deltas[at] = sum;
  }
  return deltas;
}
