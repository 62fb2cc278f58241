/**
 * Balances of accounts in SQL tables that are exactly the fold of the log, however often the program is killed.
 *
 * `node dist/examples/external-databases/main.js` · `--directory DIR` · `--deposits N` · `--postgres URL` · `--ci`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { Account, balancesIn, SCHEMA, type SqlDatabase } from "./balances.js";
import { PostgresDatabase } from "./postgres.js";
import { SqliteDatabase } from "./sqlite.js";

const AT_ONCE = 500;
const REPORT_EVERY_MS = 50;

const { values } = parseArgs({
  options: {
    directory: { type: "string", default: join("data", "external-databases") },
    deposits: { type: "string", default: "10000" },
    postgres: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

/** The deposits are the same in each run, so that one goes on where another was killed. */
async function deposit(runtime: Runtime, n: number): Promise<void> {
  const command = { type: "Deposit", data: { cents: 1 + ((n * 7_919) % 1_000) } } as const;
  await runtime.ask(Account, `account-${n % 50}`, command, { commandId: `deposit-${n}` });
}

async function run(runtime: Runtime, database: SqlDatabase, deposits: number): Promise<boolean> {
  // Some of the group that was on its way when it was killed are recorded: their ids tell.
  const first = Math.floor(runtime.head / AT_ONCE) * AT_ONCE;
  console.log(`The log holds ${runtime.head} deposits.`);
  for (let from = first; from < deposits; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, deposits - from) }, (_, n) => from + n);
    await Promise.all(group.map((n) => deposit(runtime, n)));
  }
  await runtime.operations.refresh("balances");
  return isFold(runtime, database);
}

function report(runtime: Runtime): void {
  const { position } = runtime.status().externals["balances"] ?? { position: 0 };
  console.log(`recorded ${runtime.head}, of them in the tables ${position}`);
}

/** Compares the table with the fold of the whole log. */
async function isFold(runtime: Runtime, database: SqlDatabase): Promise<boolean> {
  const fold = new Map<string, { cents: number; deposits: number }>();
  for (const { entityId, data } of runtime.events()) {
    const { cents, deposits } = fold.get(entityId) ?? { cents: 0, deposits: 0 };
    const more = (data as { cents: number }).cents;
    fold.set(entityId, { cents: cents + more, deposits: deposits + 1 });
  }
  const rows = await database.query("SELECT account, cents, deposits FROM balances");
  return (
    rows.length === fold.size &&
    rows.every(({ account, cents, deposits }) => {
      const expected = fold.get(String(account));
      return Number(cents) === expected?.cents && Number(deposits) === expected.deposits;
    })
  );
}

async function main(): Promise<void> {
  const { directory, deposits, postgres } = values.ci
    ? { ...values, directory: mkdtempSync(join(tmpdir(), "tidemark-external-")) }
    : values;
  const database: SqlDatabase =
    postgres === undefined
      ? new SqliteDatabase(join(directory, "balances.sqlite"), SCHEMA)
      : new PostgresDatabase(postgres, SCHEMA);
  // #region open
  const runtime = await openRuntime({
    directory,
    aggregates: [Account],
    externalProjections: [balancesIn(database)],
  });
  // #endregion
  const reporting = setInterval(() => report(runtime), REPORT_EVERY_MS);
  try {
    const equal = await run(runtime, database, Number(deposits));
    console.log(`The tables are ${equal ? "" : "NOT "}the fold of ${runtime.head} deposits.`);
    if (!equal) process.exitCode = 1;
  } finally {
    clearInterval(reporting);
    await runtime.close();
    await database.close();
    if (values.ci) rmSync(directory, { recursive: true });
  }
}

await main();
