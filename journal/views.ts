/**
 * Where views keep their rows: an ordered store of keys and values, apart from the journal, since all of it can be rebuilt.
 * What is written together stands or falls together, so a view and the position it reflects can't part. What the rows
 * mean is for `src/projections` to say.
 */

/** A part of a key. Null sorts first, then false and true, numbers and bigints by value, text by its UTF-8 bytes. */
export type ViewKeyPart = null | boolean | number | bigint | string;

/** Compared part by part; a key sorts before those it begins. At most {@link VIEW_KEY_BYTES_MAX} bytes, see {@link viewKeyBytes}. */
export type ViewKey = readonly ViewKeyPart[];

/** Documents, the entries of their indexes, and rows about views (checkpoints, generations, parked events). */
export type ViewTable = "documents" | "entries" | "rows";

export const VIEW_KEY_BYTES_MAX = 1_800;

/** Which keys, in which order. */
export interface ViewRange {
  /** First key, inclusive. */
  readonly from: ViewKey;
  /** Where it ends, exclusive. */
  readonly before: ViewKey;
  /** From the end of the range to its beginning. */
  readonly descending?: boolean;
  /** Rows at the most. */
  readonly limit?: number;
}

export interface ViewRow {
  readonly key: ViewKey;
  /** Plain data, shared with nobody. */
  readonly value: unknown;
}

/** Reads are synchronous. All that happen in one turn of the event loop without an `await` between them see one state. */
export interface ViewReader {
  /** Undefined where there is no such key. */
  get(table: ViewTable, key: ViewKey): unknown;

  /** Read to the end, or to where it is left, in one turn of the event loop. */
  rows(table: ViewTable, range: ViewRange): Iterable<ViewRow>;

  /** Like {@link ViewReader.rows}, without the values. */
  keys(table: ViewTable, range: ViewRange): Iterable<ViewKey>;

  count(table: ViewTable, range: ViewRange): number;
}

export interface ViewWrite {
  readonly table: ViewTable;
  readonly key: ViewKey;
  /** Plain data; undefined removes the key. */
  readonly value: unknown;
}

/** The store as of one moment, for whoever reads across turns of the event loop. It pins disk pages: close it. */
export interface ViewSnapshot extends ViewReader {
  close(): void;
}

export interface ViewStore extends ViewReader {
  /**
   * Writes all or nothing, in order, after what was written before. Resolves once it is on disk and visible.
   *
   * @throws InvalidArgumentError - A key is too long. Nothing was written.
   */
  write(writes: readonly ViewWrite[]): Promise<void>;

  /** Removes a range of keys, however many, in several writes: a kill in between leaves a part of them. */
  removeRange(table: ViewTable, range: Pick<ViewRange, "from" | "before">): Promise<void>;

  snapshot(): ViewSnapshot;

  /** Forgets what was read; only a reader beside the owner needs it, to see what was written meanwhile. */
  refresh(): void;

  close(): Promise<void>;
}

/** An upper bound of the bytes that a key takes in the store. */
export function viewKeyBytes(key: ViewKey): number {
  let bytes = 0;
  for (const part of key) bytes += typeof part === "string" ? textBytes(part) + 4 : 12;
  return bytes;
}

// The first five characters of all take two bytes in a key.
const DOUBLED = /[\u0000-\u0004]/g;

function textBytes(text: string): number {
  return Buffer.byteLength(text) + (text.match(DOUBLED)?.length ?? 0);
}
