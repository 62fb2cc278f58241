import { mkdirSync } from "node:fs";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import pg from "pg";
import { externalProjection, openRuntime, type Runtime } from "tidemark";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Account } from "../../examples/external-databases/account.js";
import {
  balancesIn,
  SCHEMA,
  type SqlDatabase,
} from "../../examples/external-databases/balances.js";
import { PostgresDatabase } from "../../examples/external-databases/postgres.js";
import { SqliteDatabase } from "../../examples/external-databases/sqlite.js";
import { externalDatabaseContract } from "../conformance/external-database.js";
import { temporaryDirectory } from "../support/directories.js";
import { postgresPrograms, PostgresServer } from "../support/postgres-server.js";
import { outcomeOf, startExample } from "../support/programs.js";
import { until } from "../support/until.js";

const DEPOSITS = 6_000;

/** What the program deposits, computed apart from it. */
function expectedRows(): { account: string; cents: number; deposits: number }[] {
  const rows = new Map<string, { account: string; cents: number; deposits: number }>();
  for (let n = 0; n < DEPOSITS; n++) {
    const account = `account-${n % 50}`;
    const { cents, deposits } = rows.get(account) ?? { cents: 0, deposits: 0 };
    rows.set(account, {
      account,
      cents: cents + 1 + ((n * 7_919) % 1_000),
      deposits: deposits + 1,
    });
  }
  return [...rows.values()].sort((a, b) => (a.account < b.account ? -1 : 1));
}

async function rowsOf(database: SqlDatabase) {
  const rows = await database.query("SELECT account, cents, deposits FROM balances");
  return rows
    .map(({ account, cents, deposits }) => ({
      account: String(account),
      cents: Number(cents),
      deposits: Number(deposits),
    }))
    .sort((a, b) => (a.account < b.account ? -1 : 1));
}

/** Killed three times on the way, while it writes, it ends with the sums of an undisturbed run. */
async function survivesKills(args: readonly string[]): Promise<void> {
  const start = () => startExample("external-databases", ["--size", String(DEPOSITS), ...args]);
  for (const share of [0.1, 0.3, 0.6]) {
    const program = start();
    program.killWhen((output) => {
      const lines = output.split("\n").slice(0, -1);
      const [, inTables = 0] = /in the tables (\d+)$/.exec(lines.at(-1) ?? "") ?? [];
      return Number(inTables) >= DEPOSITS * share;
    });
    const { signal, output } = await program.ended;
    expect(signal, output).toBe("SIGKILL");
  }
  const { output, code } = await start().ended;
  expect(code, output).toBe(0);
  expect(outcomeOf(output)).toEqual({
    "deposits in the log, each once": String(DEPOSITS),
    "rows in the table": "50",
    "rows that equal a fold of the log": "50",
  });
}

async function depositTo(runtime: Runtime, account: string, times: number): Promise<void> {
  const command = { type: "Deposit", data: { cents: 1 } } as const;
  await Promise.all(Array.from({ length: times }, () => runtime.ask(Account, account, command)));
}

/** Looks again with each turn of the event loop: for what no promise tells. */
externalDatabaseContract("SQLite", async (schema) => {
  return new SqliteDatabase(join(temporaryDirectory(), "balances.sqlite"), schema);
});

describe("the example of external databases, on SQLite", () => {
  it("ends with the fold of the log when it is killed three times while it writes", async () => {
    const directory = temporaryDirectory();
    await survivesKills(["--directory", directory]);
    const database = new SqliteDatabase(join(directory, "balances.sqlite"), SCHEMA);
    expect(await rowsOf(database)).toEqual(expectedRows());
    expect(await database.checkpoint("balances@1")).toBe(DEPOSITS);
    await database.close();
  });

  it("takes a lock that a dead process has left for what it is", async () => {
    const path = join(temporaryDirectory(), "balances.sqlite");
    const first = new SqliteDatabase(path, SCHEMA);
    await first.transaction("p@1", 0, 3, async () => undefined);
    await first.close();
    mkdirSync(`${path}.lock`);
    expect(() => new sqlite.Database(path).exec("CREATE TABLE t (n)")).toThrow(/locked/);
    const second = new SqliteDatabase(path, SCHEMA);
    expect(await second.checkpoint("p@1")).toBe(3);
    await second.close();
  });

  it("parks the event that a constraint refuses, with nothing else of its batch", async () => {
    const directory = temporaryDirectory();
    const schema = `${SCHEMA}; CREATE TABLE names (name TEXT UNIQUE)`;
    const database = new SqliteDatabase(join(directory, "names.sqlite"), schema);
    const names = externalProjection({
      name: "names",
      version: 1,
      from: [Account],
      database,
      onFailure: { attemptsMax: 2, retryDelayMs: 1 },
      on: {
        Deposited: ({ entityId }, transaction) =>
          transaction.execute("INSERT INTO names VALUES ($1)", [entityId]),
      },
    });
    const options = { directory, aggregates: [Account], freeBytesMin: 0 };
    const runtime = await openRuntime({ ...options, externalProjections: [names] });
    for (const account of ["a", "b", "a", "c", "b"]) await depositTo(runtime, account, 1);
    await runtime.operations.refresh(names);
    expect(runtime.operations.parked(names)).toMatchObject([
      { key: "a", position: 3, error: "UNIQUE constraint failed: names.name" },
      { key: "b", position: 5 },
    ]);
    const rows = await database.query("SELECT name FROM names ORDER BY name");
    expect(rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    await runtime.close();
    await database.close();
  });
});

const programs = postgresPrograms();
if (programs === undefined)
  console.warn(
    "PostgreSQL ISN'T INSTALLED: its adapter isn't tested. Install it (Debian: postgresql), or set POSTGRES_BIN.",
  );

describe.skipIf(programs === undefined)(
  `the example of external databases, on PostgreSQL${programs === undefined ? " (SKIPPED: it isn't installed)" : ""}`,
  () => {
    let server: PostgresServer;
    let databases = 0;
    beforeAll(async () => void (server = await PostgresServer.start(programs ?? "")));
    afterAll(() => server.remove());

    /** A database of its own for each test. */
    async function urlOfNew(): Promise<string> {
      const name = `test_${String(++databases)}`;
      const client = new pg.Client(server.url);
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return server.url.replace(/\/postgres$/, `/${name}`);
    }

    externalDatabaseContract("PostgreSQL", async (schema) => {
      const database = new PostgresDatabase(await urlOfNew(), schema);
      // Several first connections at a time would make the tables at a time.
      await database.query("SELECT 1");
      return database;
    });

    it("ends with the fold of the log when it is killed three times while it writes", async () => {
      const url = await urlOfNew();
      await survivesKills(["--directory", temporaryDirectory(), "--postgres", url]);
      const database = new PostgresDatabase(url, SCHEMA);
      expect(await rowsOf(database)).toEqual(expectedRows());
      expect(await database.checkpoint("balances@1")).toBe(DEPOSITS);
      await database.close();
    });

    it("goes on by itself when the server crashes and comes back, with nothing parked or counted twice", async () => {
      const database = new PostgresDatabase(await urlOfNew(), SCHEMA);
      const directory = temporaryDirectory();
      const options = { directory, aggregates: [Account], freeBytesMin: 0 };
      const balances = balancesIn(database);
      const runtime = await openRuntime({ ...options, externalProjections: [balances] });
      const status = () => runtime.status().externals["balances"]!;
      await depositTo(runtime, "a", 100);
      await until(() => status().position > 0);
      for (const signal of ["SIGQUIT", "SIGINT"] as const) {
        await depositTo(runtime, "a", 900);
        await server.stop(signal);
        await depositTo(runtime, "a", 100);
        await until(() => status().state === "retrying");
        expect(status().error).toMatchObject({ position: undefined });
        expect(runtime.health().state).toBe("degraded");
        await server.restart();
        await runtime.operations.refresh(balances);
      }
      expect(status()).toMatchObject({ parked: 0, skipped: 0 });
      expect(await rowsOf(database)).toEqual([{ account: "a", cents: 2_100, deposits: 2_100 }]);
      await runtime.close();
      await database.close();
    });

    it("opens while the server is down, and begins once it is up", async () => {
      const url = await urlOfNew();
      await server.stop("SIGINT");
      const database = new PostgresDatabase(url, SCHEMA);
      const balances = balancesIn(database);
      const runtime = await openRuntime({
        directory: temporaryDirectory(),
        aggregates: [Account],
        externalProjections: [balances],
        freeBytesMin: 0,
      });
      expect(runtime.status().externals["balances"]).toMatchObject({ state: "retrying" });
      await depositTo(runtime, "a", 10);
      await server.restart();
      await until(() => runtime.status().externals["balances"]!.position === 10);
      expect(await rowsOf(database)).toEqual([{ account: "a", cents: 10, deposits: 10 }]);
      await runtime.close();
      await database.close();
    });

    it("counts each event once over connections that are ended from outside again and again", async () => {
      const url = await urlOfNew();
      const database = new PostgresDatabase(url, SCHEMA);
      const balances = balancesIn(database);
      const runtime = await openRuntime({
        directory: temporaryDirectory(),
        aggregates: [Account],
        externalProjections: [balances],
        freeBytesMin: 0,
      });
      const outside = new pg.Client(url);
      await outside.connect();
      for (let round = 0; round < 20; round++) {
        await depositTo(runtime, `a${String(round % 3)}`, 100);
        await outside.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
      }
      await outside.end();
      await runtime.operations.refresh(balances);
      expect(runtime.status().externals["balances"]).toMatchObject({ parked: 0 });
      const rows = await rowsOf(database);
      expect(rows.map(({ deposits }) => deposits)).toEqual([700, 700, 600]);
      await runtime.close();
      await database.close();
    });

    it("parks the one event whose deferred constraint is violated at the commit", async () => {
      const schema = `${SCHEMA}; CREATE TABLE names (name text UNIQUE DEFERRABLE INITIALLY DEFERRED)`;
      const database = new PostgresDatabase(await urlOfNew(), schema);
      const names = externalProjection({
        name: "names",
        version: 1,
        from: [Account],
        database,
        onFailure: { attemptsMax: 2, retryDelayMs: 1 },
        on: {
          Deposited: ({ entityId }, transaction) =>
            transaction.execute("INSERT INTO names VALUES ($1)", [entityId]),
        },
      });
      const runtime = await openRuntime({
        directory: temporaryDirectory(),
        aggregates: [Account],
        externalProjections: [names],
        freeBytesMin: 0,
      });
      await runtime.operations.pause(names);
      for (const account of ["a", "b", "a", "c"]) await depositTo(runtime, account, 1);
      await runtime.operations.resume(names);
      await runtime.operations.refresh(names);
      expect(runtime.operations.parked(names).map(({ key }) => key)).toEqual(["a"]);
      const rows = await database.query("SELECT name FROM names ORDER BY name");
      expect(rows.map(({ name }) => name)).toEqual(["a", "b", "c"]);
      await runtime.close();
      await database.close();
    });
  },
);
