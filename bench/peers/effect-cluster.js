/**
 * An entity of `@effect/cluster` in its runner for one process, state in memory, messages not persisted. The handler commits one
 * event in a transaction of its own with better-sqlite3 before it replies: acknowledged after the sync.
 */
import { join } from "node:path";
import { Entity, SingleRunner } from "@effect/cluster";
import { Rpc } from "@effect/rpc";
import { SqliteClient } from "@effect/sql-sqlite-node";
import { Effect, Layer, Logger, LogLevel, ManagedRuntime, Schema } from "effect";
import { decide, evolve, INITIAL, TYPE, versionOf } from "./shared/account.js";
import { openDatabase } from "./shared/database.js";

const Account = Entity.make("Account", [
  Rpc.make("Deposit", { payload: { amount: Schema.Number }, error: Schema.String }),
]);

function prepare(database) {
  database.exec(`CREATE TABLE IF NOT EXISTS events (
    position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL,
    type TEXT NOT NULL, data TEXT NOT NULL, UNIQUE (stream, version))`);
  return {
    insert: database.prepare(
      "INSERT INTO events (stream, version, type, data) VALUES (?, ?, ?, ?)",
    ),
    stream: database.prepare("SELECT data FROM events WHERE stream = ? ORDER BY version").pluck(),
    count: database.prepare("SELECT count(*) FROM events").pluck(),
  };
}

/** An entity folds its events when it wakes, and handles one command at a time. */
function accounts({ insert, stream }) {
  return Account.toLayer(
    Effect.gen(function* () {
      const { entityId } = yield* Entity.CurrentAddress;
      let state = stream.all(entityId).map(JSON.parse).reduce(evolve, INITIAL);
      return {
        Deposit: ({ payload }) =>
          Effect.try({
            try: () => {
              const data = decide(entityId, payload.amount);
              insert.run(entityId, state.count + 1, TYPE, JSON.stringify(data));
              state = evolve(state, data);
            },
            catch: (error) => error.message,
          }),
      };
    }),
  );
}

export const effectCluster = {
  name: `@effect/cluster ${versionOf("@effect/cluster")}, SQLite`,
  durable: true,
  note: "an event a transaction, state cached, messages not persisted",
  async open(directory) {
    const database = openDatabase(directory);
    const statements = prepare(database);
    const runner = SingleRunner.layer({ runnerStorage: "memory" }).pipe(
      Layer.provide(SqliteClient.layer({ filename: join(directory, "cluster.db") })),
    );
    const runtime = ManagedRuntime.make(
      accounts(statements).pipe(
        Layer.provideMerge(runner),
        Layer.provide(Logger.minimumLogLevel(LogLevel.Warning)),
      ),
    );
    const client = await runtime.runPromise(Account.client);
    return {
      deposit: (id, amount) => runtime.runPromise(client(id).Deposit({ amount })),
      async count() {
        return statements.count.get();
      },
      async close() {
        await runtime.dispose();
        database.close();
      },
    };
  },
};
