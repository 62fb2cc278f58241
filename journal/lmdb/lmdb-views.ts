/** Views on LMDB, in the environment `views`. */
import { join } from "node:path";
import { seal } from "../codec.js";
import { JournalClosedError, JournalReadOnlyError } from "../errors.js";
import { checkStoredKey } from "../view-keys.js";
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
import { written, type BytesTable } from "./environment.js";
import { hasViews, openViews, type ViewEnvironment } from "./view-environment.js";
import { encodeViewKey } from "./view-key-codec.js";
import { CLOSED, EMPTY, LmdbViewReader, LmdbViewSnapshot, optionsOf } from "./view-reader.js";

const REMOVED_AT_ONCE = 10_000;
const ENCODED_AT_ONCE = 2_000;

/**
 * Writes that are begun in one turn of the event loop share a transaction and its sync, while they are small: at some 1,000
 * rows lmdb begins to write. Removing a range may also remove what is written into it meanwhile. After closing, everything
 * but closing fails with {@link JournalClosedError}.
 */
export class LmdbViews implements ViewStore {
  readonly #path: string;
  readonly #storeId: string;
  readonly #readOnly: boolean;
  readonly #giveWay: () => Promise<void>;
  readonly #snapshots = new Set<LmdbViewSnapshot>();
  /** Undefined where a reader found no views of this log. */
  #views: ViewEnvironment | undefined;
  #reader: ViewReader;
  #newestWrite: Promise<unknown> = Promise.resolve();
  /** The large write that is being encoded, and those behind it. */
  #encoding: Promise<void> | undefined;

  /**
   * `directory` is the journal's. Views that were made for a log with another `storeId`, in another format, or whose header
   * is damaged, are deleted by a writer; a reader sees none.
   *
   * @param giveWay - Lets others have their turn while a large write is encoded.
   */
  constructor(
    directory: string,
    storeId: string,
    readOnly = false,
    giveWay: () => Promise<void> = () => Promise.resolve(),
  ) {
    this.#path = join(directory, "views");
    this.#storeId = storeId;
    this.#readOnly = readOnly;
    this.#giveWay = giveWay;
    this.#views = openViews(this.#path, storeId, readOnly);
    this.#reader = readerOf(this.#views);
  }

  static exist(directory: string): boolean {
    return hasViews(join(directory, "views"));
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

  async write(writes: readonly ViewWrite[]): Promise<void> {
    const views = this.#writable();
    for (const { table, key } of writes) checkStoredKey(table, key);
    if (writes.length <= ENCODED_AT_ONCE && this.#encoding === undefined) {
      await this.#commit(views, encoded(views, writes, 0, writes.length));
      return;
    }
    // Others have their turn while a large write is encoded; what is written meanwhile stands behind it.
    const before = this.#encoding ?? Promise.resolve();
    const encoding = before.then(() => encodedInTurns(views, writes, this.#giveWay));
    const ended = encoding.then(ignore, ignore);
    this.#encoding = ended;
    const operations = await encoding;
    if (this.#encoding === ended) this.#encoding = undefined;
    await this.#commit(this.#writable(), operations);
  }

  async removeRange(table: ViewTable, range: Pick<ViewRange, "from" | "before">): Promise<void> {
    this.#writable();
    const options = optionsOf({ from: range.from, before: range.before, limit: REMOVED_AT_ONCE });
    if (options === undefined) return;
    // What was written before this call must be seen by it; whether that failed is for its caller to hear.
    await this.#encoding;
    await this.#newestWrite.catch(() => undefined);
    for (;;) {
      const views = this.#writable();
      const bytesTable = views.tables[table];
      const keys = [...bytesTable.getKeys({ ...options })];
      if (keys.length === 0) return;
      await this.#commit(
        views,
        keys.map((key) => ({ table: bytesTable, key, bytes: undefined })),
      );
    }
  }

  async #commit({ environment }: ViewEnvironment, operations: readonly Operation[]): Promise<void> {
    // Everything is encoded: nothing below can throw, and a throw inside a batch would commit half of it.
    const write = written(
      environment.batch(() => {
        for (const { table, key, bytes } of operations) {
          if (bytes === undefined) void table.remove(key);
          else void table.put(key, bytes);
        }
      }),
    );
    this.#newestWrite = write;
    await write;
    environment.resetReadTxn();
  }

  snapshot(): ViewSnapshot {
    if (this.#reader === CLOSED) throw new JournalClosedError();
    const transaction = this.#views?.environment.useReadTransaction();
    const snapshot: LmdbViewSnapshot = new LmdbViewSnapshot(
      this.#views === undefined ? EMPTY : new LmdbViewReader(this.#views.tables, transaction),
      () => {
        this.#snapshots.delete(snapshot);
        transaction?.done();
      },
    );
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  /** Where there were no views yet, looks for them again. */
  refresh(): void {
    if (this.#reader === CLOSED) throw new JournalClosedError();
    if (this.#views !== undefined) {
      this.#views.environment.resetReadTxn();
      return;
    }
    this.#views = openViews(this.#path, this.#storeId, this.#readOnly);
    this.#reader = readerOf(this.#views);
  }

  /** Waits for the writes that were begun, and closes the snapshots that are open. */
  async close(): Promise<void> {
    // What reads from an environment that is closed ends the process.
    await this.#encoding;
    this.#reader = CLOSED;
    for (const snapshot of this.#snapshots) snapshot.close();
    const views = this.#views;
    this.#views = undefined;
    await views?.environment.close();
  }

  #writable(): ViewEnvironment {
    if (this.#readOnly) throw new JournalReadOnlyError();
    if (this.#views === undefined) throw new JournalClosedError();
    return this.#views;
  }
}

interface Operation {
  readonly table: BytesTable;
  readonly key: Uint8Array;
  readonly bytes: Uint8Array | undefined;
}

function encoded(
  { tables }: ViewEnvironment,
  writes: readonly ViewWrite[],
  from: number,
  upTo: number,
): Operation[] {
  return writes.slice(from, upTo).map(({ table, key, value }) => ({
    table: tables[table],
    key: encodeViewKey(key),
    bytes: value === undefined ? undefined : seal([value]),
  }));
}

async function encodedInTurns(
  views: ViewEnvironment,
  writes: readonly ViewWrite[],
  giveWay: () => Promise<void>,
): Promise<Operation[]> {
  const operations: Operation[] = [];
  for (let from = 0; from < writes.length; from += ENCODED_AT_ONCE) {
    for (const operation of encoded(views, writes, from, from + ENCODED_AT_ONCE))
      operations.push(operation);
    await giveWay();
  }
  return operations;
}

function ignore(): void {
  return undefined;
}

function readerOf(views: ViewEnvironment | undefined): ViewReader {
  return views === undefined ? EMPTY : new LmdbViewReader(views.tables);
}
