/**
 * The keys in use: unwrapped, a bounded number of them; made where a subject has none. A new key is given out at once, and must be on disk before
 * anything sealed with it is: {@link KeyRing.durable} is what the journal waits for.
 */
import { createHmac } from "node:crypto";
import type { KeyStore, WrappedKey } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { jointKeyOf, KEY_BYTES, leafKeyOf, type LeafKey } from "../kernel/leaf-cipher.js";
import { ownerOf, type Owner } from "../kernel/personal-values.js";
import type { KeyName, Sealed } from "../kernel/sealed.js";
import { MasterKeyError } from "./errors.js";
import { ForeignKeys, type ForeignKeyOf } from "./foreign-keys.js";
import { checkMasterKey, type MasterKey, type MasterKeys } from "./master-key.js";
import { unwrap, wrap, type RandomBytes } from "./wrapping.js";

export interface KeyRingOptions {
  readonly store: KeyStore;
  readonly storeId: string;
  readonly readOnly: boolean;
  readonly masterKeys: MasterKeys;
  readonly foreignKeys: ForeignKeyOf | undefined;
  readonly foreignKeyTtlMs: number;
  readonly keysCached: number;
  readonly randomBytes: RandomBytes;
  readonly clock: Clock;
}

/** Rows that belong to no subject: the names of those have no control characters. */
const CLAIM_KEY = "\u0001claims";
const MASTER_KEYS = "\u0001masters";
const KEY_ID_BYTES = 12;
const REFRESH_AFTER_MS = 1_000;

/** Whether a row of the key store is one of a subject. */
export function isSubject(subject: string): boolean {
  return !subject.startsWith("\u0001");
}

export class KeyRing {
  readonly #options: KeyRingOptions;
  readonly #foreign: ForeignKeys;
  readonly #masters = new Map<string, MasterKey>();
  #master: MasterKey | undefined;
  #claimKey: Uint8Array = new Uint8Array(0);
  /** By owner, those used longest ago first. */
  readonly #cached = new Map<Owner, LeafKey>();
  /** The key that a subject's values are sealed with; of those in the cache. */
  readonly #newest = new Map<string, LeafKey>();
  /** Given out and not yet on disk, by key id. */
  readonly #fresh = new Map<string, WrappedKey>();
  /** Destroyed, or about to be: by key id. */
  readonly #dead = new Set<string>();
  #writing: Promise<void> = Promise.resolve();
  #refreshedAtMs = -Infinity;

  private constructor(options: KeyRingOptions) {
    this.#options = options;
    this.#foreign = new ForeignKeys(options);
  }

  /** @throws MasterKeyError - One that is needed isn't given, or is another. */
  static async open(options: KeyRingOptions): Promise<KeyRing> {
    const ring = new KeyRing(options);
    await ring.#openMasterKeys();
    await ring.#openClaimKey();
    return ring;
  }

  async #openMasterKeys(): Promise<void> {
    const { store, masterKeys, readOnly } = this.#options;
    const current: unknown = await masterKeys();
    checkMasterKey("master key", current);
    this.#master = current;
    this.#masters.set(current.id, current);
    const checks = store.find(MASTER_KEYS);
    for (const check of checks) {
      const id = check.masterKeyId;
      const key: unknown = id === current.id ? current : await masterKeys(id);
      if (key === undefined)
        throw new MasterKeyError(id, "it wraps keys of this store, and wasn't given");
      checkMasterKey(`master key ${id}`, key);
      // Nothing but the right one opens what it wrapped.
      unwrap(check, key);
      this.#masters.set(id, key);
    }
    if (!readOnly && !checks.some(({ masterKeyId }) => masterKeyId === current.id))
      await store.put([this.#checkOf(current)]);
  }

  /** A row that only this master key opens: so a wrong one is found out at once. */
  #checkOf(masterKey: MasterKey): WrappedKey {
    const name = { subject: MASTER_KEYS, keyId: masterKey.id };
    return this.#wrapped(name, this.#options.randomBytes(KEY_BYTES), masterKey);
  }

  async #openClaimKey(): Promise<void> {
    const { store, readOnly, randomBytes } = this.#options;
    const [found] = store.find(CLAIM_KEY);
    if (found !== undefined) {
      this.#claimKey = this.#unwrapped(found);
    } else if (!readOnly) {
      this.#claimKey = randomBytes(KEY_BYTES);
      const name = { subject: CLAIM_KEY, keyId: "1" };
      await store.put([this.#wrapped(name, this.#claimKey, this.#current())]);
    }
  }

  #current(): MasterKey {
    if (this.#master === undefined) throw new MasterKeyError("", "there is none");
    return this.#master;
  }

  #wrapped(name: KeyName, bytes: Uint8Array, masterKey: MasterKey, atMs?: number): WrappedKey {
    const { clock, randomBytes } = this.#options;
    return wrap(name, bytes, masterKey, atMs ?? clock.nowMs(), randomBytes);
  }

  #unwrapped(key: WrappedKey): Uint8Array {
    const master = this.#masters.get(key.masterKeyId);
    if (master === undefined)
      throw new MasterKeyError(key.masterKeyId, `it wraps a key of this store, and wasn't given`);
    return unwrap(key, master);
  }

  /** What stands for a text where equality is all that counts: the same for the same text, and nothing to anybody else. */
  keyed(purpose: string, text: string): string {
    const hash = createHmac("sha256", this.#claimKey).update(`${purpose}\u0000${text}`);
    return hash.digest("base64url");
  }

  /** The key to seal with, made where the subject has none (any more). */
  current(subject: string): LeafKey {
    const known = this.#newest.get(subject);
    if (known !== undefined) return known;
    const stored = this.#stored(subject);
    const newest = stored[stored.length - 1];
    const key = newest === undefined ? this.#made(subject) : this.#ready(newest);
    this.#newest.set(subject, key);
    return key;
  }

  /** Begins another key for a subject: what is written from now on is sealed with it. */
  renew(subject: string): LeafKey {
    const key = this.#made(subject);
    this.#newest.set(subject, key);
    return key;
  }

  #made(subject: string): LeafKey {
    const { randomBytes } = this.#options;
    const keyId = Buffer.from(randomBytes(KEY_ID_BYTES)).toString("base64url");
    const name = { subject, keyId };
    const bytes = randomBytes(KEY_BYTES);
    this.#fresh.set(keyId, this.#wrapped(name, bytes, this.#current()));
    return this.#keep(leafKeyOf(name, this.#options.storeId, bytes));
  }

  /** Keys of a subject that can be used, the oldest first. */
  #stored(subject: string): WrappedKey[] {
    const fresh = [...this.#fresh.values()].filter((key) => key.subject === subject);
    const stored = this.#options.store.find(subject);
    const known = new Set(stored.map(({ keyId }) => keyId));
    return [...stored, ...fresh.filter(({ keyId }) => !known.has(keyId))].filter(
      ({ keyId }) => !this.#dead.has(keyId),
    );
  }

  #ready(key: WrappedKey): LeafKey {
    const { storeId } = this.#options;
    const cached = this.#cached.get(ownerOf(key, storeId));
    if (cached !== undefined) return cached;
    return this.#keep(
      leafKeyOf({ subject: key.subject, keyId: key.keyId }, storeId, this.#unwrapped(key)),
    );
  }

  #keep(key: LeafKey): LeafKey {
    const [name] = key.names;
    if (name === undefined) return key;
    this.#cached.set(ownerOf(name, key.storeId), key);
    if (this.#cached.size > this.#options.keysCached) {
      const [oldest] = this.#cached.keys();
      if (oldest !== undefined) this.#cached.delete(oldest);
      // Small beside the keys themselves, and found again from the store.
      if (this.#newest.size > this.#options.keysCached) this.#newest.clear();
    }
    return key;
  }

  /** A key by its name; undefined where it is destroyed, or another store has it and doesn't give it. */
  find(name: KeyName, storeId: string): LeafKey | undefined {
    if (this.#dead.has(name.keyId)) return undefined;
    if (this.#options.readOnly) this.#refreshNowAndThen();
    const owner = ownerOf(name, storeId);
    const cached = this.#cached.get(owner);
    if (cached !== undefined) return cached;
    if (storeId !== this.#options.storeId) return this.#foreign.find(name, storeId);
    const stored = this.#stored(name.subject).find(({ keyId }) => keyId === name.keyId);
    return stored === undefined ? undefined : this.#ready(stored);
  }

  /** The key of a sealed leaf; undefined where one of its keys is gone. */
  keyOf({ keys, storeId }: Sealed): LeafKey | undefined {
    const [first] = keys;
    if (keys.length === 1 && first !== undefined) return this.find(first, storeId);
    const found = keys.map((name) => this.find(name, storeId)).filter((key) => key !== undefined);
    return found.length < keys.length ? undefined : jointKeyOf(found);
  }

  /** Undefined where every key that was given out is on disk. */
  durable(): Promise<void> | undefined {
    if (this.#fresh.size === 0) return undefined;
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#putFresh());
    return this.#writing;
  }

  /** Those that are fresh by now: one put a second time would come back as it was before it was wrapped anew, or destroyed. */
  async #putFresh(): Promise<void> {
    const keys = [...this.#fresh.values()];
    if (keys.length === 0) return;
    await this.#options.store.put(keys);
    for (const { keyId } of keys) this.#fresh.delete(keyId);
  }

  /** Ids of the keys that a subject has. */
  keyIdsOf(subject: string): string[] {
    return this.#stored(subject).map(({ keyId }) => keyId);
  }

  /** Whether some of these keys are there still. */
  has(subject: string, keyIds: readonly string[]): boolean {
    const stored = this.#options.store.find(subject);
    return stored.some(({ keyId }) => keyIds.includes(keyId));
  }

  /** From now on nothing is read or sealed with these keys. They are still on disk. */
  kill(subject: string, keyIds: readonly string[]): void {
    for (const keyId of keyIds) {
      this.#dead.add(keyId);
      this.#fresh.delete(keyId);
      this.#cached.delete(ownerOf({ subject, keyId }, this.#options.storeId));
    }
    this.#newest.delete(subject);
  }

  /** Destroys keys that were killed: once it resolves they are nowhere. */
  async bury(): Promise<void> {
    const dead = new Set(this.#dead);
    // What was on its way when they were killed may have put one back.
    await this.#writing.catch(() => undefined);
    await this.#options.store.rewrite((key) => (dead.has(key.keyId) ? undefined : key));
  }

  /** A key as other services need it. */
  exported(name: KeyName): Uint8Array | undefined {
    const stored = this.#stored(name.subject).find(({ keyId }) => keyId === name.keyId);
    return stored === undefined ? undefined : this.#unwrapped(stored);
  }

  /** Wraps every key with the master key that is given now. Returns its id. */
  async rewrap(): Promise<string> {
    const next: unknown = await this.#options.masterKeys();
    checkMasterKey("master key", next);
    this.#masters.set(next.id, next);
    // First: what is wrapped by it meanwhile must be known to be, whatever happens.
    await this.#options.store.put([this.#checkOf(next)]);
    this.#master = next;
    await this.#writing.catch(() => undefined);
    await this.durable();
    await this.#options.store.rewrite((key) => {
      if (key.subject === MASTER_KEYS) return key.masterKeyId === next.id ? key : undefined;
      if (key.masterKeyId === next.id) return key;
      return this.#wrapped(key, this.#unwrapped(key), next, key.createdAtMs);
    });
    for (const id of this.#masters.keys()) if (id !== next.id) this.#masters.delete(id);
    return next.id;
  }

  /** Of a reader: sees what its owner has destroyed. */
  #refreshNowAndThen(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs < this.#refreshedAtMs + REFRESH_AFTER_MS) return;
    this.#refreshedAtMs = nowMs;
    this.#options.store.refresh();
    this.#cached.clear();
    this.#newest.clear();
  }
}
