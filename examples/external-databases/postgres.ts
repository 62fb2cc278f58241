/** PostgreSQL as the database of an external projection, by `pg`. Each transaction has a connection of the pool. */
import pg from "pg";
import { CheckpointMovedError, type Blame } from "tidemark";
import type { SqlDatabase, SqlRow, SqlTransaction } from "./balances.js";

const CHECKPOINTS =
  "CREATE TABLE IF NOT EXISTS tidemark_checkpoints (name text PRIMARY KEY, position bigint NOT NULL)";
const STORED = "SELECT position FROM tidemark_checkpoints WHERE name = $1";
const INSERT = "INSERT INTO tidemark_checkpoints VALUES ($1, 0) ON CONFLICT DO NOTHING";
const MOVE = "UPDATE tidemark_checkpoints SET position = $3 WHERE name = $1 AND position = $2";

export class PostgresDatabase implements SqlDatabase {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  #prepared = false;

  /**
   * @param url - `postgres://user:password@host:port/database`.
   * @param schema - What makes the tables where they aren't there.
   */
  constructor(url: string, schema: string) {
    this.#schema = schema;
    this.#pool = new pg.Pool({
      connectionString: url,
      max: 4,
      // A network that is gone must become an error: nothing may wait for ever.
      connectionTimeoutMillis: 5_000,
      query_timeout: 60_000,
      keepAlive: true,
    });
    // An idle connection that ends isn't missed: the pool opens another.
    this.#pool.on("error", ignored);
    // While a connection is lent or being closed, nobody else listens, and an error of its socket would end the process.
    this.#pool.on("connect", (client) => client.on("error", ignored));
  }

  async checkpoint(name: string): Promise<number> {
    const [row] = await this.query(STORED, [name]);
    return Number(row?.["position"] ?? 0);
  }

  async transaction(
    name: string,
    from: number,
    to: number,
    write: (transaction: SqlTransaction) => Promise<void>,
  ): Promise<void> {
    await this.#prepare();
    const client = await this.#pool.connect();
    let committed = false;
    let ended = false;
    const execute: SqlTransaction["execute"] = async (sql, values = []) => {
      if (ended) throw new Error("the transaction is over");
      await client.query(sql, [...values]);
    };
    try {
      await client.query("BEGIN");
      await client.query(INSERT, [name]);
      // Locks the row: a second writer waits here, and then finds the checkpoint moved.
      const { rowCount } = await client.query(MOVE, [name, from, to]);
      if (rowCount !== 1) throw new CheckpointMovedError(name, from, await storedIn(client, name));
      await write({ execute });
      const { command } = await client.query("COMMIT");
      // PostgreSQL answers so, without an error, where a statement failed and its error was swallowed.
      if (command !== "COMMIT") throw new Error(`it was rolled back: a handler swallowed an error`);
      committed = true;
    } finally {
      ended = true;
      // A connection that is closed takes its transaction with it, whatever is still running on it.
      client.release(!committed);
    }
  }

  /** Classes of SQLSTATE, which only the server's own errors have. */
  blame(error: unknown): Blame {
    if (error instanceof pg.DatabaseError) {
      const sqlClass = error.code?.slice(0, 2) ?? "";
      // Data exception, integrity constraint, `WITH CHECK OPTION`, `RAISE` in a trigger.
      if (["22", "23", "44", "P0"].includes(sqlClass)) return "event";
      // Connection, rollback (deadlock, serialization), resources, locks, shutting down, system error, internal error.
      if (["08", "40", "53", "55", "57", "58", "XX"].includes(sqlClass)) return "database";
      return undefined;
    }
    const { code, message } = error as { code?: unknown; message?: unknown };
    const isNetwork =
      /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_)/.test(String(code)) ||
      /connection (terminated|error)|not queryable|timeout/i.test(String(message));
    return isNetwork ? "database" : undefined;
  }

  async query(sql: string, values: readonly (string | number)[] = []): Promise<readonly SqlRow[]> {
    await this.#prepare();
    const { rows } = await this.#pool.query<SqlRow>(sql, [...values]);
    return rows;
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.#pool.query(`${CHECKPOINTS}; ${this.#schema}`);
    this.#prepared = true;
  }
}

async function storedIn(client: pg.PoolClient, name: string): Promise<number> {
  const { rows } = await client.query<SqlRow>(STORED, [name]);
  return Number(rows[0]?.["position"] ?? 0);
}

function ignored(): void {
  return undefined;
}
