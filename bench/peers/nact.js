/**
 * nact's persistent actors, state in memory, over a persistence engine on better-sqlite3 as its users write one.
 * `persist` commits one event in a transaction of its own, and the actor replies after it: acknowledged after the sync.
 */
import nact from "nact";
import { decide, evolve, INITIAL, TYPE, versionOf } from "./shared/account.js";
import { openDatabase } from "./shared/database.js";

const REPLY_TIMEOUT_MS = 60_000;

class SqliteEngine {
  #insert;
  #events;

  constructor(database) {
    database.exec(`CREATE TABLE IF NOT EXISTS events (
      ordinal INTEGER PRIMARY KEY, key TEXT NOT NULL, sequence_number INTEGER NOT NULL,
      created_at INTEGER NOT NULL, data TEXT NOT NULL, tags TEXT NOT NULL,
      is_deleted INTEGER NOT NULL, UNIQUE (key, sequence_number))`);
    this.#insert = database.prepare(
      `INSERT INTO events (key, sequence_number, created_at, data, tags, is_deleted)
       VALUES (?, ?, ?, ?, ?, ?)`,
    );
    this.#events = database.prepare(
      `SELECT key, sequence_number AS sequenceNumber, created_at AS createdAt, data, tags,
       is_deleted AS isDeleted FROM events WHERE key = ? AND sequence_number > ?
       ORDER BY sequence_number LIMIT ?`,
    );
  }

  events(key, offset = 0, limit = -1) {
    return this.#events.all(key, offset, limit).map((row) => ({
      ...row,
      data: JSON.parse(row.data),
      tags: JSON.parse(row.tags),
      isDeleted: row.isDeleted === 1,
    }));
  }

  async latestSnapshot() {
    return undefined;
  }

  async takeSnapshot() {
    throw new Error("no snapshots are taken");
  }

  async persist({ key, sequenceNumber, createdAt, data, tags, isDeleted }) {
    this.#insert.run(
      key,
      sequenceNumber,
      createdAt,
      JSON.stringify(data),
      JSON.stringify(tags),
      isDeleted ? 1 : 0,
    );
  }
}

/** Persists the event and replies; while recovering, only folds. */
async function account(state, message, context) {
  if (context.recovering) return evolve(state, message.data);
  const { id, amount } = message;
  let event;
  try {
    event = { type: TYPE, data: decide(id, amount) };
    await context.persist(event);
  } catch (error) {
    nact.dispatch(context.sender, { error });
    return state;
  }
  nact.dispatch(context.sender, {});
  return evolve(state, event.data);
}

export const nactSqlite = {
  name: `nact ${versionOf("nact")}, SQLite`,
  durable: true,
  note: "hand-written engine, an event a transaction, state cached",
  async open(directory) {
    const database = openDatabase(directory);
    const system = nact.start(nact.configurePersistence(new SqliteEngine(database)));
    const actors = new Map();
    const actorOf = (id) => {
      let actor = actors.get(id);
      if (actor === undefined) {
        actor = nact.spawnPersistent(system, account, `account-${id}`, id, {
          initialState: INITIAL,
        });
        actors.set(id, actor);
      }
      return actor;
    };
    return {
      async deposit(id, amount) {
        const { error } = await nact.query(actorOf(id), { id, amount }, REPLY_TIMEOUT_MS);
        if (error !== undefined) throw error;
      },
      async count() {
        return database.prepare("SELECT count(*) FROM events").pluck().get();
      },
      async close() {
        nact.stop(system);
        database.close();
      },
    };
  },
};
