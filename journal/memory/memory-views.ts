/** Views in memory: the readable specification of a view store. Outlives its runtime, as a directory does. */
import { decode, encode } from "../codec.js";
import { JournalClosedError } from "../errors.js";
import { compareViewKeys } from "../view-key-order.js";
import { checkStoredKey, storedPart } from "../view-keys.js";
import type {
  ViewKey,
  ViewRange,
  ViewReader,
  ViewRow,
  ViewSnapshot,
  ViewStore,
  ViewTable,
  ViewWrite,
} from "../views.js";

/** The value is kept encoded, so that nobody has a share of it. */
interface StoredRow {
  readonly key: ViewKey;
  readonly bytes: Uint8Array;
}

/** Ascending by key. */
type Tables = Record<ViewTable, StoredRow[]>;

class MemoryViewReader implements ViewReader {
  protected tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  get(table: ViewTable, key: ViewKey): unknown {
    const stored = storedKey(key);
    const rows = this.tables[table];
    const row = rows[indexOf(rows, stored)];
    return row !== undefined && compareViewKeys(row.key, stored) === 0
      ? decode(row.bytes)
      : undefined;
  }

  *rows(table: ViewTable, range: ViewRange): Generator<ViewRow> {
    for (const { key, bytes } of this.#select(table, range))
      yield { key: [...key], value: decode(bytes) };
  }

  *keys(table: ViewTable, range: ViewRange): Generator<ViewKey> {
    for (const { key } of this.#select(table, range)) yield [...key];
  }

  count(table: ViewTable, range: ViewRange): number {
    return this.#select(table, range).length;
  }

  #select(table: ViewTable, range: ViewRange): readonly StoredRow[] {
    const rows = this.tables[table];
    const start = indexOf(rows, storedKey(range.from));
    const end = Math.max(start, indexOf(rows, storedKey(range.before)));
    const length = Math.min(end - start, range.limit ?? Infinity);
    return range.descending === true
      ? rows.slice(end - length, end).reverse()
      : rows.slice(start, start + length);
  }
}

export class MemoryViews extends MemoryViewReader implements ViewStore {
  constructor() {
    super({ documents: [], entries: [], rows: [] });
  }

  async write(writes: readonly ViewWrite[]): Promise<void> {
    const encoded = writes.map(({ table, key, value }) => {
      checkStoredKey(table, key);
      return {
        table,
        key: storedKey(key),
        bytes: value === undefined ? undefined : encode(value),
      };
    });
    for (const { table, key, bytes } of encoded) {
      const rows = this.tables[table];
      const index = indexOf(rows, key);
      const row = rows[index];
      const isThere = row !== undefined && compareViewKeys(row.key, key) === 0;
      rows.splice(index, isThere ? 1 : 0, ...(bytes === undefined ? [] : [{ key, bytes }]));
    }
  }

  async removeRange(
    table: ViewTable,
    { from, before }: Pick<ViewRange, "from" | "before">,
  ): Promise<void> {
    const rows = this.tables[table];
    const start = indexOf(rows, storedKey(from));
    rows.splice(start, Math.max(0, indexOf(rows, storedKey(before)) - start));
  }

  snapshot(): ViewSnapshot {
    const { documents, entries, rows } = this.tables;
    return new MemoryViewSnapshot({
      documents: [...documents],
      entries: [...entries],
      rows: [...rows],
    });
  }

  refresh(): void {
    // Whoever reads here is the owner.
  }

  /** What was written is there for who comes next. */
  async close(): Promise<void> {
    // Nothing is held.
  }
}

class MemoryViewSnapshot extends MemoryViewReader implements ViewSnapshot {
  close(): void {
    this.tables = CLOSED;
  }
}

const CLOSED: Tables = {
  get documents(): never {
    throw new JournalClosedError();
  },
  get entries(): never {
    throw new JournalClosedError();
  },
  get rows(): never {
    throw new JournalClosedError();
  },
};

function storedKey(key: ViewKey): ViewKey {
  return key.map(storedPart);
}

/** Index of the first row whose key isn't before `key`. */
function indexOf(rows: readonly StoredRow[], key: ViewKey): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && compareViewKeys(row.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
