/** better-sqlite3, as far as it is used here: with WAL and synchronous=FULL, which SQLite forgets at each open. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

export interface Statement {
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
  get(...values: unknown[]): unknown;
}

export interface Database {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction<T extends unknown[], R>(work: (...values: T) => R): (...values: T) => R;
  close(): void;
}

export function openSqlite(path: string): Database {
  const require = createRequire(join(resolve("bench"), "package.json"));
  const Constructor = require("better-sqlite3") as new (path: string) => Database;
  const database = new Constructor(path);
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  return database;
}
