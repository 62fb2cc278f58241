/**
 * What a careful user writes by hand: an event store on better-sqlite3 with a unique index on stream and version, and group
 * commit.
 */
import { join } from "node:path";
import { MEMO, type AccountState } from "../account.js";
import { openSqlite, type Database, type Statement } from "./sqlite.js";

export const SQLITE = "better-sqlite3 store";
export const EVENTS_FILE = "events.db";

interface Account extends AccountState {
  version: number;
}

interface Wanted {
  readonly id: string;
  readonly amount: number;
}

interface Waiting extends Wanted {
  resolve(): void;
  reject(error: unknown): void;
}

export interface EventRow {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly data: string;
}

export interface Deposited {
  readonly accountId: string;
  readonly amount: number;
  readonly at: number;
}

const GROUP_MAX = 256;
const FILL_MAX = 10_000;
export const PAGE_EVENTS = 1_000;
/** After a position, as many. */
export const EVENTS_PAGE =
  "SELECT position, stream, version, type, data, recorded_at FROM events WHERE position > ? ORDER BY position LIMIT ?";

export class SqliteStore {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #stream: Statement;
  readonly #page: Statement;
  /** Folded states, where the store may keep them. */
  readonly #cache: Map<string, Account> | undefined;
  readonly #commit: (group: readonly Wanted[]) => void;
  #queue: Waiting[] = [];
  #scheduled = false;

  constructor(directory: string, options: { readonly cached: boolean }) {
    this.#database = openSqlite(join(directory, EVENTS_FILE));
    this.#database.exec(`CREATE TABLE IF NOT EXISTS events (
      position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL,
      data TEXT NOT NULL, recorded_at INTEGER NOT NULL, UNIQUE (stream, version))`);
    this.#insert = this.#database.prepare(
      "INSERT INTO events (stream, version, type, data, recorded_at) VALUES (?, ?, ?, ?, ?)",
    );
    this.#stream = this.#database.prepare(
      "SELECT version, data FROM events WHERE stream = ? ORDER BY version",
    );
    this.#page = this.#database.prepare(EVENTS_PAGE);
    this.#cache = options.cached ? new Map() : undefined;
    this.#commit = this.#database.transaction((group: readonly Wanted[]) => {
      for (const { id, amount } of group) this.#decide(id, amount);
    });
  }

  /** Resolves once the event is on disk. */
  deposit(id: string, amount: number): Promise<void> {
    return new Promise((done, reject) => {
      this.#queue.push({ id, amount, resolve: done, reject });
      this.#schedule();
    });
  }

  /** As many deposits over the accounts, in large transactions: for whoever needs a store that is full, quickly. */
  fill(ids: readonly string[], count: number): void {
    for (let from = 0; from < count; from += FILL_MAX) {
      const group = Array.from({ length: Math.min(FILL_MAX, count - from) }, (_, at) => ({
        id: ids[(from + at) % ids.length] as string,
        amount: 1 + ((from + at) % 997),
      }));
      this.#commit(group);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const group = this.#queue.splice(0, GROUP_MAX);
      if (this.#queue.length > 0) this.#schedule();
      try {
        this.#commit(group);
        for (const waiting of group) waiting.resolve();
      } catch (error) {
        for (const waiting of group) waiting.reject(error);
      }
    });
  }

  #decide(id: string, amount: number): void {
    if (amount <= 0) throw new Error("amount-not-positive");
    const account = this.#cache?.get(id) ?? this.load(id);
    const at = Date.now();
    const data = { accountId: id, amount, currency: "EUR", memo: MEMO, at };
    const version = account.version + 1;
    this.#insert.run(`account/${id}`, version, "Deposited", JSON.stringify(data), at);
    const { balance, count } = account;
    this.#cache?.set(id, { balance: balance + amount, count: count + 1, lastAt: at, version });
  }

  /** The state of an account, folded from its events. */
  load(id: string): Account {
    let account: Account = { balance: 0, count: 0, lastAt: 0, version: 0 };
    for (const row of this.#stream.all(`account/${id}`) as EventRow[]) {
      const { amount, at } = JSON.parse(row.data) as Deposited;
      const { balance, count } = account;
      account = { balance: balance + amount, count: count + 1, lastAt: at, version: row.version };
    }
    return account;
  }

  /** Folds everything in order of position; the number of events. */
  catchUp(balances: Map<string, number>): number {
    let after = 0;
    for (let count = 0; ;) {
      const rows = this.#page.all(after, PAGE_EVENTS) as EventRow[];
      for (const { stream, data } of rows) {
        const { amount } = JSON.parse(data) as Deposited;
        balances.set(stream, (balances.get(stream) ?? 0) + amount);
      }
      count += rows.length;
      if (rows.length < PAGE_EVENTS) return count;
      after = (rows[rows.length - 1] as EventRow).position;
    }
  }

  count(): number {
    return (this.#database.prepare("SELECT count(*) AS n FROM events").get() as { n: number }).n;
  }

  close(): void {
    this.#database.close();
  }
}
