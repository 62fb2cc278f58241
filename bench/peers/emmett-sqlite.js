/**
 * Emmett's event store for SQLite over one shared connection, by its command handler. Emmett nests concurrent transactions of
 * a connection into one and acknowledges before the commit, so the user serialises the calls; then it acknowledges after the sync.
 */
import { join } from "node:path";
import { CommandHandler } from "@event-driven-io/emmett";
import {
  getSQLiteEventStore,
  sqliteConnection,
  SQLiteConnectionPool,
} from "@event-driven-io/emmett-sqlite";
import { decide, evolve, INITIAL, TYPE, versionOf } from "./shared/account.js";

const handle = CommandHandler({
  initialState: () => INITIAL,
  evolve: (state, event) => evolve(state, event.data),
  mapToStreamId: (id) => `account-${id}`,
});

export const emmettSqlite = {
  name: `Emmett ${versionOf("@event-driven-io/emmett-sqlite")}, SQLite`,
  durable: true,
  note: "calls serialised, one shared connection",
  async open(directory) {
    const fileName = join(directory, "events.db");
    const connection = sqliteConnection({ fileName });
    await connection.command("PRAGMA journal_mode = WAL");
    await connection.command("PRAGMA synchronous = FULL");
    const pool = SQLiteConnectionPool({
      fileName,
      connectionOptions: { connection, singleton: true },
    });
    const store = getSQLiteEventStore({ fileName, pool });
    await store.schema.migrate();
    let last = Promise.resolve();
    return {
      deposit(id, amount) {
        const done = last.then(() =>
          handle(store, id, () => ({ type: TYPE, data: decide(id, amount) })),
        );
        last = done.catch(() => undefined);
        return done;
      },
      async count() {
        const row = await connection.querySingle("SELECT count(*) AS events FROM emt_messages");
        return row.events;
      },
      async close() {
        await last;
        connection.close();
      },
    };
  },
};
