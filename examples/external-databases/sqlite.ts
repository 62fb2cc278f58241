/**
 * SQLite as the database of an external projection, by `node-sqlite3-wasm`: SQLite compiled to WebAssembly, no native build.
 * One connection, which is synchronous; so transactions and reads take turns.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import sqlite, { type Database } from "node-sqlite3-wasm";
import { CheckpointMovedError, type Blame } from "tidemark";
import type { SqlDatabase, SqlRow, SqlTransaction } from "./balances.js";

const CHECKPOINTS =
  "CREATE TABLE IF NOT EXISTS tidemark_checkpoints (name TEXT PRIMARY KEY, position INTEGER NOT NULL)";

export class SqliteDatabase implements SqlDatabase {
  readonly #path: string;
  readonly #schema: string;
  #open: Database | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param path - Of a file that nobody but the process that owns the Tidemark directory opens.
   * @param schema - What makes the tables where they aren't there.
   */
  constructor(path: string, schema: string) {
    this.#path = path;
    this.#schema = schema;
  }

  /** Opened when it is first used: after the runtime has made sure that it is the only one with this directory. */
  get #connection(): Database {
    return (this.#open ??= open(this.#path, this.#schema));
  }

  checkpoint(name: string): Promise<number> {
    return this.#inTurn(async () => this.#stored(name));
  }

  transaction(
    name: string,
    from: number,
    to: number,
    write: (transaction: SqlTransaction) => Promise<void>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const connection = this.#connection;
      let ended = false;
      const execute: SqlTransaction["execute"] = async (sql, values = []) => {
        // A handler that was given up may still be running: what it writes must not get into another transaction.
        if (ended) throw new Error("the transaction is over");
        connection.run(sql, [...values]);
      };
      connection.exec("BEGIN IMMEDIATE");
      try {
        const stored = this.#stored(name);
        if (stored !== from) throw new CheckpointMovedError(name, from, stored);
        connection.run(
          "INSERT INTO tidemark_checkpoints VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET position = excluded.position",
          [name, to],
        );
        await write({ execute });
        connection.exec("COMMIT");
      } catch (error) {
        this.#rollBack();
        throw error;
      } finally {
        ended = true;
      }
    });
  }

  /** SQLite rolls some failures back by itself. Where it can't be done, another connection finds the file as it was. */
  #rollBack(): void {
    try {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    } catch {
      this.#disconnect();
    }
  }

  /** This package has no error codes, only SQLite's messages. */
  blame(error: unknown): Blame {
    const message = error instanceof Error ? error.message : "";
    if (/constraint failed|datatype mismatch|too big/i.test(message)) return "event";
    if (/locked|disk|I\/O|out of memory|readonly|unable to open|malformed/i.test(message))
      return "database";
    return undefined;
  }

  query(sql: string, values: readonly (string | number)[] = []): Promise<readonly SqlRow[]> {
    return this.#inTurn(async () => this.#connection.all(sql, [...values]));
  }

  close(): Promise<void> {
    return this.#inTurn(async () => this.#disconnect());
  }

  #stored(name: string): number {
    const sql = "SELECT position FROM tidemark_checkpoints WHERE name = ?";
    return Number(this.#connection.get(sql, [name])?.["position"] ?? 0);
  }

  #disconnect(): void {
    const connection = this.#open;
    this.#open = undefined;
    connection?.close();
  }

  /** What else uses the connection would see, and be part of, a transaction that isn't finished. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/**
 * This package locks a file by a folder beside it, which outlives a process that is killed. Nobody else opens the file, so one
 * that is there now is a dead process's. Nor does it undo a commit that a kill has cut in two in SQLite's
 * default journal mode, since it takes its own lock for another's; the write-ahead log has no such step. Without
 * shared memory that works only for a connection that keeps its lock.
 */
function open(path: string, schema: string): Database {
  mkdirSync(dirname(path), { recursive: true });
  rmSync(`${path}.lock`, { recursive: true, force: true });
  const connection = new sqlite.Database(path);
  try {
    connection.exec("PRAGMA locking_mode = EXCLUSIVE");
    const mode = connection.get("PRAGMA journal_mode = WAL")?.["journal_mode"];
    if (mode !== "wal") throw new Error(`${path}: no write-ahead log, but ${JSON.stringify(mode)}`);
    // Each commit is on the disk before it is acknowledged.
    connection.exec("PRAGMA synchronous = FULL");
    connection.exec(`${CHECKPOINTS}; ${schema}`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}
