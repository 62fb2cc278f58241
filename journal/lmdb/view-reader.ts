/** Reads the tables of views, as of now or as of a transaction that somebody keeps open. */
import type { RangeOptions, Transaction } from "lmdb";
import { unseal } from "../codec.js";
import { JournalClosedError, JournalCorruptedError } from "../errors.js";
import { showKey } from "../view-keys.js";
import type { ViewKey, ViewRange, ViewReader, ViewRow, ViewSnapshot, ViewTable } from "../views.js";
import { readFast } from "./environment.js";
import type { ViewTables } from "./view-environment.js";
import { boundOf, decodeViewKey } from "./view-key-codec.js";

export class LmdbViewReader implements ViewReader {
  readonly #tables: ViewTables;
  readonly #transaction: Transaction | undefined;

  constructor(tables: ViewTables, transaction?: Transaction) {
    this.#tables = tables;
    this.#transaction = transaction;
  }

  get(table: ViewTable, key: ViewKey): unknown {
    const bound = boundOf(key);
    if (bound.length === 0) return undefined;
    const bytes = readFast(this.#tables[table], bound, this.#transaction);
    return bytes === undefined ? undefined : valueOf(table, key, bytes);
  }

  *rows(table: ViewTable, range: ViewRange): Generator<ViewRow> {
    const options = optionsOf(range, this.#transaction);
    if (options === undefined) return;
    for (const { key: bytes, value } of this.#tables[table].getRange(options)) {
      const key = decodeViewKey(bytes);
      yield { key, value: valueOf(table, key, value) };
    }
  }

  *keys(table: ViewTable, range: ViewRange): Generator<ViewKey> {
    const options = optionsOf(range, this.#transaction);
    if (options === undefined) return;
    for (const bytes of this.#tables[table].getKeys(options)) yield decodeViewKey(bytes);
  }

  count(table: ViewTable, range: ViewRange): number {
    const options = optionsOf({ ...range, descending: false }, this.#transaction);
    if (options === undefined) return 0;
    return Math.min(this.#tables[table].getKeysCount(options), range.limit ?? Infinity);
  }
}

/** Undefined where nothing can be in the range: LMDB isn't asked about one that ends before it begins. */
export function optionsOf(range: ViewRange, transaction?: Transaction): RangeOptions | undefined {
  const from = boundOf(range.from);
  const before = boundOf(range.before);
  if (Buffer.compare(from, before) >= 0 || range.limit === 0) return undefined;
  return {
    // lmdb begins a descending range with `start` and ends it before `end`; ours excludes the upper one.
    ...(range.descending === true
      ? { start: before, exclusiveStart: true, end: from, inclusiveEnd: true, reverse: true }
      : { start: from, end: before }),
    ...(range.limit === undefined ? {} : { limit: range.limit }),
    ...(transaction === undefined ? {} : { transaction }),
  };
}

function valueOf(table: ViewTable, key: ViewKey, bytes: Uint8Array): unknown {
  const fields = unseal(bytes, 1);
  if (typeof fields !== "string") return fields[0];
  throw new JournalCorruptedError(
    0,
    `key ${showKey(key)} in ${table} of views: ${fields} (delete the folder "views": it is rebuilt)`,
  );
}

/** Keeps a read transaction open until it is closed. */
export class LmdbViewSnapshot implements ViewSnapshot {
  #reader: ViewReader;
  #release: (() => void) | undefined;

  constructor(reader: ViewReader, release: () => void) {
    this.#reader = reader;
    this.#release = release;
  }

  get(table: ViewTable, key: ViewKey): unknown {
    return this.#reader.get(table, key);
  }

  rows(table: ViewTable, range: ViewRange): Iterable<ViewRow> {
    return this.#reader.rows(table, range);
  }

  keys(table: ViewTable, range: ViewRange): Iterable<ViewKey> {
    return this.#reader.keys(table, range);
  }

  count(table: ViewTable, range: ViewRange): number {
    return this.#reader.count(table, range);
  }

  close(): void {
    const release = this.#release;
    this.#release = undefined;
    this.#reader = CLOSED;
    release?.();
  }
}

/** What a reader sees of views that nobody has built. */
export const EMPTY: ViewReader = {
  get: () => undefined,
  rows: () => [],
  keys: () => [],
  count: () => 0,
};

/** Stands in for a reader that was closed: LMDB would use memory that it has given back. */
export const CLOSED: ViewReader = { get: refuse, rows: refuse, keys: refuse, count: refuse };

function refuse(): never {
  throw new JournalClosedError();
}
