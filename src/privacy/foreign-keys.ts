/** Keys of other stores, as a callback gives them: kept for a while only, so that their forgetting reaches this service. */
import type { Clock } from "../kernel/clock.js";
import { leafKeyOf, type LeafKey } from "../kernel/leaf-cipher.js";
import { ownerOf, type Owner } from "../kernel/personal-values.js";
import type { KeyName } from "../kernel/sealed.js";

/**
 * The key of a subject of another store, which that service has exported for this one; undefined where there is none (any more): then
 * placeholders are read. Synchronous: it is asked in the middle of reading.
 */
export type ForeignKeyOf = (
  storeId: string,
  subject: string,
  keyId: string,
) => Uint8Array | undefined;

interface Answer {
  readonly key: LeafKey | undefined;
  readonly untilMs: number;
}

const ANSWERS_MAX = 10_000;

export class ForeignKeys {
  readonly #keyOf: ForeignKeyOf | undefined;
  readonly #ttlMs: number;
  readonly #clock: Clock;
  readonly #answers = new Map<Owner, Answer>();

  constructor(options: {
    readonly foreignKeys: ForeignKeyOf | undefined;
    readonly foreignKeyTtlMs: number;
    readonly clock: Clock;
  }) {
    this.#keyOf = options.foreignKeys;
    this.#ttlMs = options.foreignKeyTtlMs;
    this.#clock = options.clock;
  }

  find(name: KeyName, storeId: string): LeafKey | undefined {
    if (this.#keyOf === undefined) return undefined;
    const owner = ownerOf(name, storeId);
    const nowMs = this.#clock.monotonicMs();
    const known = this.#answers.get(owner);
    if (known !== undefined && nowMs < known.untilMs) return known.key;
    const bytes = this.#keyOf(storeId, name.subject, name.keyId);
    const key = bytes === undefined ? undefined : leafKeyOf(name, storeId, bytes);
    this.#answers.delete(owner);
    this.#answers.set(owner, { key, untilMs: nowMs + this.#ttlMs });
    if (this.#answers.size > ANSWERS_MAX) {
      const [oldest] = this.#answers.keys();
      if (oldest !== undefined) this.#answers.delete(oldest);
    }
    return key;
  }
}
