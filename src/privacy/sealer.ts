/** Plain data in, sealed data out, and back: what the journal and the views of a runtime seal and open with. */
import { decode, encode } from "../../journal/index.js";
import {
  isLeaf,
  jointKeyOf,
  openBytes,
  openLeaf,
  sealBytes,
  sealLeaf,
  type Leaf,
  type LeafKey,
} from "../kernel/leaf-cipher.js";
import { replacedAt, subjectOf } from "../kernel/personal-fields.js";
import type { PersonalRule } from "../kernel/personal-rule.js";
import {
  ownerOf,
  partsOfOwner,
  PersonalValues,
  type Owner,
  type PersonalEntry,
} from "../kernel/personal-values.js";
import { withProvenance } from "../kernel/provenance.js";
import { isFields, mapLeaves, Sealed, type LeafKind, type Placeholder } from "../kernel/sealed.js";
import type { KeyRing } from "./key-ring.js";

/** What is read instead of values whose key is gone, by their kind. */
export type Placeholders = Readonly<Record<Exclude<LeafKind, "record">, Placeholder>>;

export const PLACEHOLDERS: Placeholders = Object.freeze({
  text: "[erased]",
  number: null,
  bigint: null,
  boolean: null,
  date: null,
  bytes: null,
});

/** What a snapshot is sealed as: its state, and what is known to be personal in it. */
type StoredState = readonly [state: unknown, values: readonly PersonalEntry[]];

export class Sealer {
  readonly #ring: KeyRing;
  readonly #placeholders: Placeholders;
  /** Ids of keys that it doesn't open with, although they are there. */
  readonly #spared: ReadonlySet<string>;

  constructor(ring: KeyRing, placeholders: Placeholders, spared = new Set<string>()) {
    this.#ring = ring;
    this.#placeholders = placeholders;
    this.#spared = spared;
  }

  /** One that opens what can be opened once these keys are gone. It is for reading. */
  without(keyIds: readonly string[]): Sealer {
    return new Sealer(this.#ring, this.#placeholders, new Set(keyIds));
  }

  #openingKey(sealed: Sealed): LeafKey | undefined {
    const isSpared =
      this.#spared.size > 0 && sealed.keys.some((key) => this.#spared.has(key.keyId));
    return isSpared ? undefined : this.#ring.keyOf(sealed);
  }

  /**
   * Data with its sealed leaves opened, or placeholders where that isn't possible any more; the same object where there are none.
   *
   * @param values - Gets what was opened.
   * @throws SealBrokenError - A sealed leaf was changed.
   */
  open(value: unknown, values: PersonalValues): unknown {
    return mapLeaves(value, (leaf, name) =>
      leaf instanceof Sealed ? this.#openLeaf(leaf, name, values) : leaf,
    );
  }

  /** The same, with what was opened noted beside the result. */
  opened(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const values = new PersonalValues();
    const opened = this.open(value, values);
    return values.size === 0 ? opened : withProvenance(opened as object, values);
  }

  #openLeaf(sealed: Sealed, name: string, values: PersonalValues): unknown {
    const key = this.#openingKey(sealed);
    if (key === undefined || sealed.kind === "record") return this.#placeholderOf(sealed);
    const leaf = openLeaf(key, sealed);
    for (const each of sealed.keys) values.add(ownerOf(each, sealed.storeId), name, leaf);
    return leaf;
  }

  #placeholderOf({ kind, placeholder }: Sealed): Placeholder {
    if (placeholder !== undefined) return placeholder;
    return kind === "record" ? null : this.#placeholders[kind];
  }

  /**
   * Seals the declared fields of an event.
   *
   * @param values - Gets what was sealed.
   * @throws InvalidArgumentError - A declaration gave no name of a subject.
   */
  sealDeclared(
    rules: readonly PersonalRule[],
    event: { readonly type: string; readonly entityId: string; readonly data: unknown },
    values: PersonalValues,
  ): unknown {
    const { type, entityId, data } = event;
    let sealed = data;
    for (const rule of rules)
      sealed = replacedAt(sealed, rule.scope, (part, outer) => {
        // Asked for the plain part: the name of a subject may be a field that another rule seals.
        let key: LeafKey | undefined;
        const keyOf = () =>
          (key ??= this.#ring.current(subjectOf(rule, type, part, entityId, data)));
        return replacedAt(
          part,
          rule.path,
          (value, name) => this.#sealAll(value, keyOf, rule.placeholder, values, name),
          outer,
        );
      });
    return sealed;
  }

  #sealAll(
    value: unknown,
    keyOf: () => LeafKey,
    placeholder: Placeholder | undefined,
    values: PersonalValues,
    name: string,
  ): unknown {
    const seal = (leaf: unknown, at: string) => {
      if (!isLeaf(leaf)) return leaf;
      const key = keyOf();
      for (const each of key.names) values.add(ownerOf(each, key.storeId), at, leaf);
      return sealLeaf(key, leaf, placeholder);
    };
    return mapLeaves(value, seal, name);
  }

  /**
   * Data in which every leaf that is made of a known value is sealed; the same object where there is none. A leaf whose key
   * is gone meanwhile becomes a placeholder.
   *
   * @param userFields - Where given, only what stands in fields of these names is looked at: the rest is structure.
   */
  sealKnown(
    value: unknown,
    values: PersonalValues | undefined,
    userFields?: ReadonlySet<string>,
  ): unknown {
    if (values === undefined || values.size === 0) return value;
    if (userFields !== undefined) return this.#sealWithin(value, values, userFields);
    return mapLeaves(value, (leaf, name) => this.#sealLeaf(leaf, name, values));
  }

  #sealWithin(value: unknown, values: PersonalValues, userFields: ReadonlySet<string>): unknown {
    if (Array.isArray(value))
      return value.map((item) => this.#sealWithin(item, values, userFields));
    if (!isFields(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        userFields.has(key)
          ? mapLeaves(item, (leaf, name) => this.#sealLeaf(leaf, name, values), key)
          : this.#sealWithin(item, values, userFields),
      ]),
    );
  }

  #sealLeaf(leaf: unknown, name: string, values: PersonalValues): unknown {
    const owners = values.ownersOf(name, leaf);
    if (owners === undefined || !isLeaf(leaf)) return leaf;
    const keys = [...owners].map((owner) => this.#keyOf(owner));
    const known = keys.filter((key) => key !== undefined);
    if (known.length < keys.length) return this.#placeholderFor(leaf);
    return sealLeaf(jointKeyOf(known), leaf);
  }

  #keyOf(owner: Owner): LeafKey | undefined {
    const { storeId, ...name } = partsOfOwner(owner);
    return this.#ring.find(name, storeId);
  }

  #placeholderFor(leaf: Leaf): Placeholder {
    const { text, number, bigint, boolean, date, bytes } = this.#placeholders;
    switch (typeof leaf) {
      case "string":
        return text;
      case "number":
        return number;
      case "bigint":
        return bigint;
      case "boolean":
        return boolean;
      default:
        return leaf instanceof Date ? date : bytes;
    }
  }

  /** Whether a value is one of somebody's. */
  isPersonal(value: unknown, values: PersonalValues | undefined): boolean {
    return values?.ownersOf("", value) !== undefined;
  }

  /**
   * A state, sealed as a whole where personal values went into it; undefined where one of their keys is gone: then it is worth
   * nothing.
   */
  sealState(state: unknown, values: PersonalValues | undefined): unknown {
    if (values === undefined || values.owners.size === 0) return state;
    const keys = [...values.owners].map((owner) => this.#keyOf(owner));
    const known = keys.filter((key) => key !== undefined);
    if (known.length < keys.length) return undefined;
    const stored: StoredState = [state, [...values.entries()]];
    return sealBytes(jointKeyOf(known), "record", encode(stored));
  }

  /** The inverse; undefined where a key is gone. */
  openState(
    stored: unknown,
  ): { readonly state: unknown; readonly values?: PersonalValues } | undefined {
    if (!(stored instanceof Sealed) || stored.kind !== "record") return { state: stored };
    const key = this.#openingKey(stored);
    if (key === undefined) return undefined;
    const [state, entries] = decode(openBytes(key, stored)) as StoredState;
    const values = new PersonalValues();
    for (const [owner, name, value] of entries) values.add(owner, name, value);
    for (const each of stored.keys) values.addOwner(ownerOf(each, stored.storeId));
    return { state, values };
  }
}
