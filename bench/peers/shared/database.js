/** A better-sqlite3 database that is on disk when a commit returns: it opens a WAL database at NORMAL, so FULL is set at every open. */
import { join } from "node:path";
import Database from "better-sqlite3";

export function openDatabase(directory) {
  const database = new Database(join(directory, "events.db"));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  return database;
}
