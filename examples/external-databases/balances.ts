/** The balances of accounts as rows of an SQL table: the same statements for SQLite and PostgreSQL. */
import { externalProjection, type ExternalDatabase } from "tidemark";
import { Account } from "./account.js";

/** What both adapters give to handlers. Placeholders are `$1`, `$2`, …, in the order of the values. */
export interface SqlTransaction {
  execute(sql: string, values?: readonly (string | number)[]): Promise<void>;
}

export type SqlRow = Readonly<Record<string, unknown>>;

export interface SqlDatabase extends ExternalDatabase<SqlTransaction> {
  /** Reads what is committed. */
  query(sql: string, values?: readonly (string | number)[]): Promise<readonly SqlRow[]>;
  close(): Promise<void>;
}

/** Run with the first connection: a handler that found no table would fail, and its event be parked. */
export const SCHEMA =
  "CREATE TABLE IF NOT EXISTS balances (account TEXT PRIMARY KEY, cents BIGINT NOT NULL, deposits BIGINT NOT NULL)";

/** Not idempotent at all: an event that came twice would be seen in the sums. */
// #region projection
export const balancesIn = (database: SqlDatabase) =>
  externalProjection({
    name: "balances",
    version: 1,
    from: [Account],
    database,
    on: {
      Deposited: async ({ entityId, data }, transaction) => {
        await transaction.execute(
          `INSERT INTO balances (account, cents, deposits) VALUES ($1, $2, 1)
           ON CONFLICT (account) DO UPDATE
             SET cents = balances.cents + excluded.cents, deposits = balances.deposits + 1`,
          [entityId, data.cents],
        );
      },
    },
  });
// #endregion
