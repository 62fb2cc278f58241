/** Views in memory: the readable specification of a view store. Outlives its runtime, as a directory does. */
import { decode, encode } from "../codec.js";
import { JournalClosedError } from "../errors.js";
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
import { SortedRows, type RowChange, type StoredRow } from "./sorted-rows.js";

type Tables = Readonly<Record<ViewTable, SortedRows>>;

class MemoryViewReader implements ViewReader {
  protected tables: Tables;

  constructor(tables: Tables) {
    this.tables = tables;
  }

  get(table: ViewTable, key: ViewKey): unknown {
    const bytes = this.tables[table].get(storedKey(key));
    return bytes === undefined ? undefined : decode(bytes);
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
    const start = rows.indexOf(storedKey(range.from));
    const end = Math.max(start, rows.indexOf(storedKey(range.before)));
    const length = Math.min(end - start, range.limit ?? Infinity);
    return range.descending === true
      ? rows.slice(end - length, end).reverse()
      : rows.slice(start, start + length);
  }
}

/** @internal */
export class MemoryViews extends MemoryViewReader implements ViewStore {
  constructor() {
    super({ documents: new SortedRows(), entries: new SortedRows(), rows: new SortedRows() });
  }

  /** Estimated, of all rows. */
  get bytes(): number {
    return this.tables.documents.bytes + this.tables.entries.bytes + this.tables.rows.bytes;
  }

  async write(writes: readonly ViewWrite[]): Promise<void> {
    const changes: Record<ViewTable, RowChange[]> = { documents: [], entries: [], rows: [] };
    for (const { table, key, value } of writes) {
      checkStoredKey(table, key);
      const bytes = value === undefined ? undefined : encode(value);
      changes[table].push({ key: storedKey(key), bytes });
    }
    for (const table of ["documents", "entries", "rows"] as const)
      this.tables[table].change(changes[table]);
  }

  async removeRange(
    table: ViewTable,
    { from, before }: Pick<ViewRange, "from" | "before">,
  ): Promise<void> {
    const rows = this.tables[table];
    const start = rows.indexOf(storedKey(from));
    rows.replace(start, rows.indexOf(storedKey(before)), []);
  }

  snapshot(): ViewSnapshot {
    const copyOf = (table: ViewTable) => new SortedRows(this.tables[table].slice());
    return new MemoryViewSnapshot({
      documents: copyOf("documents"),
      entries: copyOf("entries"),
      rows: copyOf("rows"),
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
