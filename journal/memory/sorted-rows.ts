/** One table of a view store in memory: rows in ascending order of their keys. */
import { compareViewKeys } from "../view-key-order.js";
import type { ViewKey } from "../views.js";

/** The value is kept encoded, so that nobody has a share of it. */
export interface StoredRow {
  readonly key: ViewKey;
  readonly bytes: Uint8Array;
}

/** Without bytes it is removed. */
export interface RowChange {
  readonly key: ViewKey;
  readonly bytes: Uint8Array | undefined;
}

/** From so many on, one pass over all rows costs less than making room for each. */
const MERGED_FROM = 64;
/** What a row takes besides its value: key, place in the array and objects, roughly. */
const ROW_BYTES = 200;

export class SortedRows {
  #rows: StoredRow[];
  #valueBytes = 0;

  constructor(rows: StoredRow[] = []) {
    this.#rows = rows;
  }

  /** Estimated, of all rows. */
  get bytes(): number {
    return this.#valueBytes + this.#rows.length * ROW_BYTES;
  }

  get(key: ViewKey): Uint8Array | undefined {
    const row = this.#rows[this.indexOf(key)];
    return row !== undefined && compareViewKeys(row.key, key) === 0 ? row.bytes : undefined;
  }

  /**
   * Index of the first row whose key isn't before `key`.
   *
   * @param from - Where it is known to be, or behind.
   */
  indexOf(key: ViewKey, from = 0): number {
    let low = from;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const row = this.#rows[middle];
      if (row !== undefined && compareViewKeys(row.key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  slice(start?: number, end?: number): StoredRow[] {
    return this.#rows.slice(start, end);
  }

  /** In order: of several changes of one key the last one counts. */
  change(changes: readonly RowChange[]): void {
    if (changes.length >= MERGED_FROM) this.#merge(changes);
    else for (const change of changes) this.#put(change);
  }

  #put({ key, bytes }: RowChange): void {
    const index = this.indexOf(key);
    const row = this.#rows[index];
    const isThere = row !== undefined && compareViewKeys(row.key, key) === 0;
    this.replace(index, isThere ? index + 1 : index, bytes === undefined ? [] : [{ key, bytes }]);
  }

  /** Replaces the rows from `start` to `end`, exclusive. */
  replace(start: number, end: number, by: readonly StoredRow[]): void {
    const removed = this.#rows.splice(start, Math.max(0, end - start), ...by);
    this.#valueBytes += valueBytesOf(by) - valueBytesOf(removed);
  }

  #merge(changes: readonly RowChange[]): void {
    // Stable: of several changes of one key the last one stays the last one.
    const sorted = changes.toSorted((one, other) => compareViewKeys(one.key, other.key));
    const rows = this.#rows;
    const merged: StoredRow[] = [];
    let from = 0;
    for (const [place, { key, bytes }] of sorted.entries()) {
      const next = sorted[place + 1];
      if (next !== undefined && compareViewKeys(next.key, key) === 0) continue;
      const at = this.indexOf(key, from);
      while (from < at) merged.push(rows[from++] as StoredRow);
      const row = rows[at];
      if (row !== undefined && compareViewKeys(row.key, key) === 0) {
        this.#valueBytes -= row.bytes.length;
        from += 1;
      }
      if (bytes === undefined) continue;
      merged.push({ key, bytes });
      this.#valueBytes += bytes.length;
    }
    while (from < rows.length) merged.push(rows[from++] as StoredRow);
    this.#rows = merged;
  }
}

function valueBytesOf(rows: readonly StoredRow[]): number {
  return rows.reduce((sum, { bytes }) => sum + bytes.length, 0);
}
