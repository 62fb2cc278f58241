/**
 * Whose values are known at some step: what was opened on the way to something that is about to be written. Whatever is
 * written is compared with them, so that a copy of a personal value is sealed wherever it turns up, without anybody having
 * declared it there.
 */
import { isLeaf, type Leaf } from "./leaf-cipher.js";
import { mapLeaves, type KeyName } from "./sealed.js";

/** Shorter texts are only compared under the same field name: they are everywhere. */
const TEXT_MIN = 3;
/** Shorter texts are only found within others as whole words. */
const PART_MIN = 6;
const WORD = /[\p{L}\p{N}]/u;

interface KnownText {
  readonly text: string;
  readonly owners: Set<string>;
}

/** Whose a value is: the key that it is sealed with, as {@link ownerOf} makes it of its parts. */
export type Owner = string;

export function ownerOf({ subject, keyId }: KeyName, storeId: string): Owner {
  // Ids have no control characters.
  return `${storeId}\u0000${subject}\u0000${keyId}`;
}

/** The inverse of {@link ownerOf}. */
export function partsOfOwner(owner: Owner): KeyName & { readonly storeId: string } {
  const [storeId = "", subject = "", keyId = ""] = owner.split("\u0000");
  return { storeId, subject, keyId };
}

/** A value and whose it is, as {@link PersonalValues.entries} tells it. */
export type PersonalEntry = readonly [owner: Owner, name: string, value: Leaf];

export class PersonalValues {
  /** In the order in which they were noted, each once. */
  readonly #entries = new Map<string, PersonalEntry>();
  /** Texts by their first characters, normalized. */
  readonly #texts = new Map<string, KnownText[]>();
  /** What is compared as a whole, with its field name where it says too little without. */
  readonly #exact = new Map<string, Set<string>>();
  readonly #owners = new Set<string>();

  get size(): number {
    return this.#entries.size;
  }

  get owners(): ReadonlySet<string> {
    return this.#owners;
  }

  entries(): Iterable<PersonalEntry> {
    return this.#entries.values();
  }

  /** Notes a value, and the name of the field that it stood in. */
  add(owner: Owner, name: string, value: Leaf): void {
    const key = `${owner}\u0000${exactKeyOf(name, value)}`;
    if (this.#entries.has(key)) return;
    this.#entries.set(key, [owner, name, value]);
    this.#owners.add(owner);
    const exact = exactKeyOf(name, value);
    this.#exact.set(exact, (this.#exact.get(exact) ?? new Set()).add(owner));
    for (const text of textsOf(value)) this.#addText(text, owner);
  }

  /** Notes that something of somebody was known, whatever it was. */
  addOwner(owner: Owner): void {
    this.#owners.add(owner);
  }

  addAll(others: PersonalValues | undefined): this {
    if (others !== undefined && others !== this) {
      for (const [owner, name, value] of others.entries()) this.add(owner, name, value);
      for (const owner of others.owners) this.#owners.add(owner);
    }
    return this;
  }

  #addText(text: string, owner: Owner): void {
    if (text.length < TEXT_MIN) return;
    const head = text.slice(0, TEXT_MIN);
    const known = this.#texts.get(head);
    const same = known?.find((each) => each.text === text);
    if (same !== undefined) same.owners.add(owner);
    else if (known !== undefined) known.push({ text, owners: new Set([owner]) });
    else this.#texts.set(head, [{ text, owners: new Set([owner]) }]);
  }

  /** Those that still occur in something, so that what a long life has seen doesn't grow without bound; and all of the owners. */
  within(value: unknown): PersonalValues {
    const found = new PersonalValues();
    const exact = new Set<string>();
    const texts: string[] = [];
    eachLeaf(value, "", (leaf, name) => {
      if (!isLeaf(leaf)) return;
      exact.add(exactKeyOf(name, leaf));
      if (typeof leaf === "string") texts.push(normalized(leaf));
    });
    const all = texts.join("\n");
    for (const [owner, name, leaf] of this.entries())
      if (exact.has(exactKeyOf(name, leaf)) || textsOf(leaf).some((text) => all.includes(text)))
        found.add(owner, name, leaf);
    for (const owner of this.#owners) found.addOwner(owner);
    return found;
  }

  /** The leaves of something that are made of these values, as they would be noted when it is read again. */
  foundIn(value: unknown): PersonalValues {
    const found = new PersonalValues();
    eachLeaf(value, "", (leaf, name) => {
      const owners = this.ownersOf(name, leaf);
      if (owners === undefined || !isLeaf(leaf)) return;
      for (const owner of owners) found.add(owner, name, leaf);
    });
    return found;
  }

  /** Whose values a leaf is made of; undefined where it is nobody's. */
  ownersOf(name: string, leaf: unknown): ReadonlySet<string> | undefined {
    if (!isLeaf(leaf)) return undefined;
    const exact = this.#exact.get(exactKeyOf(name, leaf));
    if (typeof leaf !== "string") return exact;
    const text = normalized(leaf);
    // As a whole: then it is one value, and not a text that others are in, too.
    return exact ?? this.#equalText(text) ?? this.#ownersWithin(text);
  }

  #equalText(text: string): ReadonlySet<string> | undefined {
    return this.#texts.get(text.slice(0, TEXT_MIN))?.find((each) => each.text === text)?.owners;
  }

  #ownersWithin(text: string): ReadonlySet<string> | undefined {
    if (this.#texts.size === 0) return undefined;
    let found: Set<string> | undefined;
    for (let at = 0; at + TEXT_MIN <= text.length; at++) {
      for (const known of this.#texts.get(text.slice(at, at + TEXT_MIN)) ?? []) {
        if (!isWithin(text, known.text, at)) continue;
        found ??= new Set();
        for (const owner of known.owners) found.add(owner);
      }
    }
    return found;
  }
}

function eachLeaf(
  value: unknown,
  name: string,
  visit: (leaf: unknown, name: string) => void,
): void {
  mapLeaves(
    value,
    (leaf, at) => {
      visit(leaf, at);
      return leaf;
    },
    name,
  );
}

function isWithin(text: string, part: string, at: number): boolean {
  if (!text.startsWith(part, at)) return false;
  if (part.length >= PART_MIN) return true;
  return !isWordAt(text, at - 1) && !isWordAt(text, at + part.length);
}

function isWordAt(text: string, at: number): boolean {
  return at >= 0 && at < text.length && WORD.test(text.charAt(at));
}

/** Case and the ways to write the same character don't matter. */
function normalized(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

function exactKeyOf(name: string, value: Leaf): string {
  switch (typeof value) {
    case "string": {
      const text = normalized(value);
      return text.length < TEXT_MIN ? `text ${name} ${text}` : `text ${text}`;
    }
    case "object":
      return value instanceof Date
        ? `date ${value.getTime()}`
        : `bytes ${Buffer.from(value).toString("base64")}`;
    default:
      // A number and the same bigint are read from one another.
      return `${typeof value === "boolean" ? "boolean" : "number"} ${name} ${value}`;
  }
}

/** A date is also looked for as people and programs write it. */
function textsOf(value: Leaf): string[] {
  if (typeof value === "string") return [normalized(value)];
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return [];
  const text = value.toISOString().toLowerCase();
  return [text, text.slice(0, 10)];
}
