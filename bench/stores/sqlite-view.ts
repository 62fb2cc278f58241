/**
 * What a careful user writes by hand: a table that is brought up to date from the table of events, page by page, each page
 * and how far it reaches in one transaction.
 */
import { join } from "node:path";
import { openSqlite, type Database } from "./sqlite.js";
import {
  EVENTS_FILE,
  EVENTS_PAGE,
  PAGE_EVENTS,
  type Deposited,
  type EventRow,
} from "./sqlite-store.js";

export class SqliteView {
  readonly #database: Database;

  /** Beside a store that was opened in this directory before. */
  constructor(directory: string) {
    this.#database = openSqlite(join(directory, EVENTS_FILE));
  }

  /** Builds the view from nothing; the number of events. */
  rebuild(): number {
    this.#database.exec(`DROP TABLE IF EXISTS counted; DROP TABLE IF EXISTS checkpoint;
      CREATE TABLE counted (account TEXT PRIMARY KEY, count INTEGER NOT NULL, cents INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE checkpoint (view TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID`);
    const page = this.#database.prepare(EVENTS_PAGE);
    const upsert = this.#database.prepare(
      `INSERT INTO counted VALUES (?, 1, ?)
        ON CONFLICT (account) DO UPDATE SET count = count + 1, cents = cents + excluded.cents`,
    );
    const checkpoint = this.#database.prepare("INSERT OR REPLACE INTO checkpoint VALUES (?, ?)");
    let position = 0;
    const next = this.#database.transaction(() => {
      const rows = page.all(position, PAGE_EVENTS) as EventRow[];
      for (const row of rows) {
        const { accountId, amount } = JSON.parse(row.data) as Deposited;
        upsert.run(accountId, amount);
        ({ position } = row);
      }
      checkpoint.run("counted", position);
      return rows.length;
    });
    let count = 0;
    for (let taken = PAGE_EVENTS; taken === PAGE_EVENTS; count += taken) taken = next();
    return count;
  }

  close(): void {
    this.#database.close();
  }
}
