/**
 * The only door to lmdb's `open`, with the options that keep our promises. Why each is set is in
 * `docs/decisions/0002-lmdb-options.md`; none may be changed for an existing store.
 */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { JournalCorruptedError } from "../errors.js";
import { open, type Database, type Key, type RootDatabase, type Transaction } from "lmdb";

export type Environment = RootDatabase<Uint8Array>;
export type Table = Database<Uint8Array>;
/** Its keys are bytes, too. */
export type BytesTable = Database<Uint8Array, Uint8Array>;

export const PAGE_SIZE = 4096;
const MAP_SIZE = 256 * 2 ** 30;
const READERS_MAX = 512;
const TABLES_MAX = 16;

const META_PAGES = 2;
const FLAGS_OFFSET = 18;
const META_FLAG = 0x08;
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;

/**
 * Whether LMDB would refuse the file in `path`: there is one, and its first two pages aren't those of an environment. LMDB
 * must not see such a file: when an opening fails lmdb-js 3.5.6 uses memory that it has freed, which mostly ends the process.
 */
export function isHeaderDamaged(path: string): boolean {
  const file = join(path, "data.mdb");
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) === 0) return false;
  const bytes = Buffer.alloc(META_PAGES * PAGE_SIZE);
  const handle = openSync(file, "r");
  try {
    readSync(handle, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(handle);
  }
  for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
    const isMeta = ((bytes[at + FLAGS_OFFSET] ?? 0) & META_FLAG) !== 0;
    if (!isMeta || bytes.readUInt32LE(at + MAGIC_OFFSET) !== MAGIC) return true;
  }
  return false;
}

/**
 * Opens one environment in `path`, a directory that is made where it isn't there.
 *
 * @throws JournalCorruptedError - Its header isn't one that LMDB can open.
 */
export function openEnvironment(path: string, readOnly: boolean): Environment {
  if (!readOnly) mkdirSync(path, { recursive: true, mode: 0o700 });
  if (isHeaderDamaged(path))
    throw new JournalCorruptedError(
      0,
      `the header of ${join(path, "data.mdb")} can't be read; restore a backup, or salvage what can be read`,
    );
  return open<Uint8Array>({
    path,
    // A folder for each environment, whatever its name looks like.
    noSubdir: false,
    encoding: "binary",
    // Visible is durable, and a failed sync means "not committed".
    overlappingSync: false,
    // A failed commit rejects our promise instead of killing the process with an unhandled rejection.
    eventTurnBatching: false,
    pageSize: PAGE_SIZE,
    mapSize: MAP_SIZE,
    maxReaders: READERS_MAX,
    maxDbs: TABLES_MAX,
    readOnly,
    // Known to lmdb and missing in its types.
    ...{ safeRestore: true, permissionsMode: 0o600 },
  });
}

/**
 * Copies an environment as of one moment, while its owner writes on. The file is complete and on disk when this resolves.
 *
 * @param path - A folder without `data.mdb`; made where it isn't there.
 */
async function copyEnvironment(environment: Environment, path: string): Promise<void> {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  await environment.backup(path, false);
  const file = join(path, "data.mdb");
  chmodSync(file, 0o600);
  syncFile(file);
}

/** Opens an environment to read it, beside its owner where it has one, and copies it. */
export async function copyEnvironmentAt(from: string, to: string): Promise<void> {
  const environment = openEnvironment(from, true);
  try {
    await copyEnvironment(environment, to);
  } finally {
    await environment.close();
  }
}

/** Makes everything in a file durable. */
export function syncFile(file: string): void {
  const handle = openSync(file, "r+");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Opens the tables of an environment, and lets go of it where that fails: else it couldn't be opened again. */
export function withTables<T>(environment: Environment, openTables: () => T): T {
  try {
    return openTables();
  } catch (error) {
    environment.close().catch(() => undefined);
    throw error;
  }
}

/** A table of raw bytes within an environment. */
export function openTable(environment: Environment, name: string): Table {
  return environment.openDB<Uint8Array, Key>(name, { encoding: "binary" });
}

/** A table of raw bytes whose keys are encoded by us. */
export function openBytesTable(environment: Environment, name: string): BytesTable {
  return environment.openDB<Uint8Array, Uint8Array>(name, {
    encoding: "binary",
    keyEncoding: "binary",
  });
}

/**
 * A table whose larger values lmdb compresses (LZ4, in its own thread). Only for what can be built anew: without lmdb-js
 * nobody reads it, and it must always be opened like this. Values must not begin with a byte from 250 on.
 */
export function openCompressedTable(environment: Environment, name: string): Table {
  return environment.openDB<Uint8Array, Key>(name, { encoding: "binary", compression: true });
}

/** Bytes of a stored value, valid until the next read from any table; decode at once. As of `transaction` where given. */
export function readFast<K extends Key>(
  table: Database<Uint8Array, K>,
  key: K,
  transaction?: Transaction,
): Uint8Array | undefined {
  const fast = (table as FastTable<K>).getBinaryFast(
    key,
    transaction === undefined ? undefined : { transaction },
  );
  return fast?.subarray(0, fast.length);
}

/** The types of lmdb leave out the options, which its code takes. */
interface FastTable<K extends Key> {
  getBinaryFast(key: K, options?: { readonly transaction: Transaction }): Uint8Array | undefined;
}

/**
 * The outcome of a write. lmdb hangs a second promise on its errors, which ends the process when nobody handles it
 * (facts A1); so every write of ours goes through here.
 */
export async function written<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    (error as { commitError?: Promise<unknown> }).commitError?.catch(() => undefined);
    throw error;
  }
}
