/**
 * What a careful user writes by hand: an event store on better-sqlite3 with WAL, synchronous=FULL (which SQLite forgets at each
 * open), a unique index on stream and version, and group commit.
 */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { MEMO, type AccountState } from "../account.js";

export const SQLITE = "better-sqlite3 store";

interface Statement {
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
}

interface Database {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction<T extends unknown[]>(work: (...values: T) => void): (...values: T) => void;
  close(): void;
}

interface Account extends AccountState {
  version: number;
}

interface Waiting {
  readonly id: string;
  readonly amount: number;
  resolve(): void;
  reject(error: unknown): void;
}

interface EventRow {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly data: string;
}

interface Deposited {
  readonly amount: number;
  readonly at: number;
}

const GROUP_MAX = 256;
const PAGE_EVENTS = 1_000;

export class SqliteStore {
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #stream: Statement;
  readonly #page: Statement;
  /** Folded states, where the store may keep them. */
  readonly #cache: Map<string, Account> | undefined;
  readonly #commit: (group: readonly Waiting[]) => void;
  #queue: Waiting[] = [];
  #scheduled = false;

  constructor(directory: string, options: { readonly cached: boolean }) {
    const require = createRequire(join(resolve("bench"), "package.json"));
    const Constructor = require("better-sqlite3") as new (path: string) => Database;
    this.#database = new Constructor(join(directory, "events.db"));
    this.#database.pragma("journal_mode = WAL");
    this.#database.pragma("synchronous = FULL");
    this.#database.exec(`CREATE TABLE IF NOT EXISTS events (
      position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL,
      data TEXT NOT NULL, recorded_at INTEGER NOT NULL, UNIQUE (stream, version))`);
    this.#insert = this.#database.prepare(
      "INSERT INTO events (stream, version, type, data, recorded_at) VALUES (?, ?, ?, ?, ?)",
    );
    this.#stream = this.#database.prepare(
      "SELECT version, data FROM events WHERE stream = ? ORDER BY version",
    );
    this.#page = this.#database.prepare(
      "SELECT position, stream, version, type, data, recorded_at FROM events WHERE position > ? ORDER BY position LIMIT ?",
    );
    this.#cache = options.cached ? new Map() : undefined;
    this.#commit = this.#database.transaction((group: readonly Waiting[]) => {
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
