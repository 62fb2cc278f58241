/**
 * External databases: balances of accounts in SQL tables that are exactly the fold of the log, however often the program is killed.
 *
 * `node dist/examples/external-databases/main.js` · `--size N` deposits · `--full` · `--ci` · `--directory DIR`: one that was killed
 * goes on there · `--postgres URL`: into PostgreSQL instead of SQLite
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime, type OpenRuntimeOptions } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Account } from "./account.js";
import { balancesIn, SCHEMA, type SqlDatabase } from "./balances.js";
import { heldAgainstFold } from "./expected.js";
import { PostgresDatabase } from "./postgres.js";
import { SqliteDatabase } from "./sqlite.js";
import { depositAll } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
    postgres: { type: "string" },
  },
});

const deposits = Number(flags.size ?? (flags.full ? 100_000 : flags.ci ? 2_000 : 10_000));
const REPORT_EVERY_MS = 50;

async function main(directory: string): Promise<void> {
  const database: SqlDatabase =
    flags.postgres === undefined
      ? new SqliteDatabase(join(directory, "balances.sqlite"), SCHEMA)
      : new PostgresDatabase(flags.postgres, SCHEMA);
  // #region open
  const options = { aggregates: [Account], externalProjections: [balancesIn(database)] };
  // #endregion
  try {
    // Closed in the middle, with deposits that aren't in the tables yet.
    await withRuntime({ directory, ...options }, (runtime) =>
      depositAll(runtime, Math.floor(deposits / 2)),
    );
    await withRuntime({ directory, ...options }, async (runtime) => {
      await depositAll(runtime, deposits);
      await runtime.operations.refresh("balances");
      await conclude(runtime, database);
    });
  } finally {
    await database.close();
  }
}

async function withRuntime(
  options: OpenRuntimeOptions,
  work: (runtime: Runtime) => Promise<void>,
): Promise<void> {
  // #region open
  const runtime = await openRuntime(options);
  // #endregion
  console.log(`The log holds ${runtime.head} deposits.`);
  const reporting = setInterval(() => report(runtime), REPORT_EVERY_MS);
  try {
    await work(runtime);
  } finally {
    clearInterval(reporting);
    await runtime.close();
  }
}

function report(runtime: Runtime): void {
  const { position } = runtime.status().externals["balances"] ?? { position: 0 };
  console.log(`recorded ${runtime.head}, of them in the tables ${position}`);
}

async function conclude(runtime: Runtime, database: SqlDatabase): Promise<void> {
  const { accounts, equal, rows } = await heldAgainstFold(runtime, database);
  const outcome = {
    "deposits in the log, each once": { stated: deposits, found: runtime.head },
    "rows in the table": { stated: accounts, found: rows },
    "rows that equal a fold of the log": { stated: accounts, found: equal },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
  console.log(`The tables are the fold of ${runtime.head} deposits.`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
