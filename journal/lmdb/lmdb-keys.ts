/**
 * The keys on disk. An environment of LMDB keeps old pages, and its compacting copy what is left in the unused part of a page; so keys are rewritten
 * by writing all into a new environment, which takes the place of the old one.
 *
 * ```
 * keys/1/             the environment: the highest number counts
 * keys/2.next/        being written: removed when the store is opened
 * ```
 *
 * `keys/2.next` is complete and on disk before it is renamed to `keys/2`; then `keys/1` is removed. A kill in between leaves both,
 * and the higher one counts.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { seal, unseal } from "../codec.js";
import { KeyStoreError, type KeyStore, type WrappedKey } from "../keys.js";
import {
  openEnvironment,
  openTable,
  syncFile,
  withTables,
  written,
  type Environment,
  type Table,
} from "./environment.js";
import { syncDirectory } from "./manifest.js";

const FORMAT = 1;
const ABOUT_KEY = "keys";
const NEXT = ".next";
const KEY_FIELDS = 4;
/** Before the others have their turn. */
const COPIED_AT_ONCE = 2_000;
const LAST = "\u{10ffff}";

interface Opened {
  readonly number: number;
  readonly environment: Environment;
  readonly about: Table;
  readonly keys: Table;
}

export interface LmdbKeysOptions {
  /** The folder `keys` of a store. */
  readonly path: string;
  readonly storeId: string;
  readonly readOnly: boolean;
  readonly giveWay: () => Promise<void>;
}

export class LmdbKeys implements KeyStore {
  readonly #options: LmdbKeysOptions;
  #opened: Opened | undefined;
  /** Writes come one after the other: what is put while all are copied must be in the copy. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** The number of the environment that counts; 0 where there are no keys. */
  static newest(path: string): number {
    return newestOf(path);
  }

  private constructor(options: LmdbKeysOptions) {
    this.#options = options;
  }

  /** @throws KeyStoreError - They are those of another store, damaged, or of a format that isn't known. */
  static async open(options: LmdbKeysOptions): Promise<LmdbKeys> {
    const { path, readOnly } = options;
    const keys = new LmdbKeys(options);
    if (!readOnly) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      removeUnfinished(path);
      if (newestOf(path) === 0) await keys.#create();
    }
    const newest = newestOf(path);
    if (newest > 0) keys.#opened = keys.#open(newest);
    if (!readOnly) removeOlder(path, newest);
    return keys;
  }

  async #create(): Promise<void> {
    await this.#make(join(this.#options.path, `1${NEXT}`), 1).environment.close();
    this.#publish(1);
  }

  #make(folder: string, number: number): Opened {
    const environment = openEnvironment(folder, false);
    return withTables(environment, () => {
      const about = openTable(environment, "about");
      const keys = openTable(environment, "keys");
      about.putSync(ABOUT_KEY, seal([FORMAT, this.#options.storeId]));
      return { number, environment, about, keys };
    });
  }

  #publish(number: number): void {
    const { path } = this.#options;
    const next = join(path, `${number}${NEXT}`);
    syncFile(join(next, "data.mdb"));
    syncDirectory(next);
    renameSync(next, join(path, String(number)));
    syncDirectory(path);
  }

  #open(number: number): Opened {
    const { path, storeId, readOnly } = this.#options;
    const folder = join(path, String(number));
    const environment = openEnvironment(folder, readOnly);
    return withTables(environment, () => {
      const about = openTable(environment, "about");
      const keys = openTable(environment, "keys");
      const bytes = about.get(ABOUT_KEY);
      const fields = bytes === undefined ? "it says nothing of itself" : unseal(bytes, 2);
      if (typeof fields === "string") throw new KeyStoreError(folder, fields);
      if (fields[0] !== FORMAT)
        throw new KeyStoreError(folder, `format ${String(fields[0])} isn't known here`);
      if (fields[1] !== storeId)
        throw new KeyStoreError(
          folder,
          `they belong to store ${String(fields[1])}, this is ${storeId}`,
        );
      return { number, environment, about, keys };
    });
  }

  find(subject: string): readonly WrappedKey[] {
    const bytes = this.#opened?.keys.get(subject);
    return bytes === undefined ? [] : this.#decode(subject, bytes);
  }

  #decode(subject: string, bytes: Uint8Array): WrappedKey[] {
    const fields = unseal(bytes, 1);
    if (typeof fields === "string")
      throw new KeyStoreError(this.#options.path, `the row of subject ${subject}: ${fields}`);
    const flat = fields[0] as unknown[];
    const found: WrappedKey[] = [];
    for (let at = 0; at < flat.length; at += KEY_FIELDS) {
      const [keyId, masterKeyId, wrapped, createdAtMs] = flat.slice(at, at + KEY_FIELDS) as [
        string,
        string,
        Uint8Array,
        number,
      ];
      found.push({ subject, keyId, masterKeyId, wrapped, createdAtMs });
    }
    return found;
  }

  subjects(after: string, limit: number): readonly string[] {
    const found: string[] = [];
    const range = after === "" ? {} : { start: after, exclusiveStart: true };
    for (const key of this.#opened?.keys.getKeys({ ...range, end: LAST, limit }) ?? [])
      found.push(key as string);
    return found;
  }

  put(keys: readonly WrappedKey[]): Promise<void> {
    return this.#inTurn(async () => {
      const { environment, keys: table } = this.#writable();
      const bySubject = new Map<string, WrappedKey[]>();
      for (const key of keys) {
        const others = bySubject.get(key.subject) ?? [...this.find(key.subject)];
        const at = others.findIndex(({ keyId }) => keyId === key.keyId);
        if (at < 0) others.push(key);
        else others[at] = key;
        bySubject.set(key.subject, others);
      }
      await written(
        environment.transaction(() => {
          for (const [subject, all] of bySubject) table.putSync(subject, encodeKeys(all));
        }),
      );
    });
  }

  rewrite(change: (key: WrappedKey) => WrappedKey | undefined): Promise<void> {
    return this.#inTurn(async () => {
      const { path } = this.#options;
      const before = this.#writable();
      const number = before.number + 1;
      const folder = join(path, `${number}${NEXT}`);
      rmSync(folder, { recursive: true, force: true });
      const next = this.#make(folder, number);
      try {
        await this.#copy(next, change);
      } finally {
        await next.environment.close();
      }
      this.#publish(number);
      this.#opened = this.#open(number);
      await before.environment.close();
      removeOlder(path, number);
    });
  }

  async #copy(next: Opened, change: (key: WrappedKey) => WrappedKey | undefined): Promise<void> {
    let after = "";
    for (;;) {
      const subjects = this.subjects(after, COPIED_AT_ONCE);
      const last = subjects[subjects.length - 1];
      if (last === undefined) return;
      await written(
        next.environment.transaction(() => {
          for (const subject of subjects) {
            const kept = this.find(subject)
              .map(change)
              .filter((key) => key !== undefined);
            if (kept.length > 0) next.keys.putSync(subject, encodeKeys(kept));
          }
        }),
      );
      after = last;
      await this.#options.giveWay();
    }
  }

  #writable(): Opened {
    if (this.#opened === undefined || this.#options.readOnly || this.#closed)
      throw new KeyStoreError(this.#options.path, "they are open for reading only, or closed");
    return this.#opened;
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  refresh(): void {
    const { path, readOnly } = this.#options;
    if (!readOnly || this.#closed) return;
    const newest = newestOf(path);
    if (newest <= (this.#opened?.number ?? 0)) return;
    const before = this.#opened;
    this.#opened = this.#open(newest);
    void before?.environment.close();
  }

  async close(): Promise<void> {
    await this.#turn;
    if (this.#closed) return;
    this.#closed = true;
    await this.#opened?.environment.close();
  }
}

function encodeKeys(keys: readonly WrappedKey[]): Uint8Array {
  return seal([
    keys.flatMap(({ keyId, masterKeyId, wrapped, createdAtMs }) => [
      keyId,
      masterKeyId,
      wrapped,
      createdAtMs,
    ]),
  ]);
}

function numbersIn(path: string): number[] {
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => /^[1-9][0-9]*$/.test(name))
    .map(Number);
}

function newestOf(path: string): number {
  return Math.max(0, ...numbersIn(path));
}

/** A copy that a kill has cut short. */
function removeUnfinished(path: string): void {
  for (const name of readdirSync(path))
    if (name.endsWith(NEXT)) rmSync(join(path, name), { recursive: true, force: true });
}

function removeOlder(path: string, number: number): void {
  for (const older of numbersIn(path))
    if (older < number) rmSync(join(path, String(older)), { recursive: true, force: true });
  syncDirectory(path);
}
