/** A personal value as it is recorded: encrypted, with what must be known to read it. A leaf of plain data, like a Date. */

/** What a leaf is when it is read. `record` is plain data of any form, as the codec encodes it. */
export type LeafKind = "text" | "number" | "bigint" | "boolean" | "date" | "bytes" | "record";

/** By the number that they are recorded as. */
export const LEAF_KINDS: readonly LeafKind[] = [
  "text",
  "number",
  "bigint",
  "boolean",
  "date",
  "bytes",
  "record",
];

/** Names one key of one subject. */
export interface KeyName {
  readonly subject: string;
  readonly keyId: string;
}

/** What is read instead of a value whose key is gone. */
export type Placeholder = string | number | boolean | null;

/** The same for every copy of this module: a process may have two (compiled and from source, of two paths), and msgpackr has one list of classes for both. */
const BRAND = Symbol.for("tidemark.sealed");

export class Sealed {
  /** A sealed leaf of another copy is one. */
  static [Symbol.hasInstance](value: unknown): value is Sealed {
    return typeof value === "object" && value !== null && BRAND in value;
  }

  constructor(
    /** Whose it is. All of their keys are needed to read it. In order of subject. */
    readonly keys: readonly KeyName[],
    /** Of the store that sealed it, and has the keys. */
    readonly storeId: string,
    readonly kind: LeafKind,
    readonly nonce: Uint8Array,
    /** Ciphertext, and behind it the tag. */
    readonly box: Uint8Array,
    /** Where the field has one of its own. */
    readonly placeholder?: Placeholder,
  ) {
    Object.freeze(this);
  }

  get [BRAND](): true {
    return true;
  }

  isOf(subject: string): boolean {
    return this.keys.some((key) => key.subject === subject);
  }
}

/** What a sealed leaf is made of, as it is kept: kind by its number, whose keys one behind the other. */
export function fieldsOfSealed(sealed: Sealed): unknown[] {
  const { kind, storeId, nonce, box, keys, placeholder } = sealed;
  const names = keys.flatMap(({ subject, keyId }) => [subject, keyId]);
  const fields = [LEAF_KINDS.indexOf(kind), storeId, nonce, box, names];
  return placeholder === undefined ? fields : [...fields, placeholder];
}

/** The inverse. It may have come from a stranger. @throws Error - It isn't a sealed leaf. */
export function sealedOf(fields: unknown): Sealed {
  const [kind, storeId, nonce, box, names, placeholder] = Array.isArray(fields)
    ? (fields as readonly unknown[])
    : [];
  const found = LEAF_KINDS[kind as number];
  const texts: readonly unknown[] = Array.isArray(names) ? (names as unknown[]) : [];
  const areNames = [storeId, ...texts].every((text) => typeof text === "string" && text !== "");
  const isBoxed = nonce instanceof Uint8Array && box instanceof Uint8Array;
  const isShown = typeof placeholder !== "object" || placeholder === null;
  if (found === undefined || texts.length === 0 || texts.length % 2 > 0)
    throw new Error("what stands for a sealed leaf isn't one");
  if (!areNames || !isBoxed || !isShown) throw new Error("what stands for a sealed leaf isn't one");
  const keys: KeyName[] = [];
  for (let at = 0; at < texts.length; at += 2)
    keys.push({ subject: texts[at] as string, keyId: texts[at + 1] as string });
  return new Sealed(keys, storeId as string, found, nonce, box, placeholder as Placeholder);
}

/** Calls `visit` for every sealed leaf of plain data. */
export function eachSealed(value: unknown, visit: (sealed: Sealed) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (value instanceof Sealed) visit(value);
  else if (Array.isArray(value)) for (const item of value) eachSealed(item, visit);
  else if (isFields(value)) for (const key in value) eachSealed(value[key], visit);
}

/** Whether a value is an object with fields, and not a leaf such as a date or bytes. */
export function isFields(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * Plain data with its leaves replaced: the same object where none was, so that nothing is copied in vain.
 *
 * @param name - Name of the field that the value stands in; of an item of a list that of the list.
 */
export function mapLeaves(
  value: unknown,
  change: (leaf: unknown, name: string) => unknown,
  name = "",
): unknown {
  if (Array.isArray(value)) return mapItems(value as unknown[], change, name);
  if (!isFields(value)) return change(value, name);
  let copy: Record<string, unknown> | undefined;
  for (const key in value) {
    const before = value[key];
    const after = mapLeaves(before, change, key);
    if (after === before) continue;
    copy ??= { ...value };
    copy[key] = after;
  }
  return copy ?? value;
}

function mapItems(
  items: unknown[],
  change: (leaf: unknown, name: string) => unknown,
  name: string,
): unknown[] {
  let copy: unknown[] | undefined;
  for (let at = 0; at < items.length; at++) {
    const after = mapLeaves(items[at], change, name);
    if (after === items[at]) continue;
    copy ??= [...items];
    copy[at] = after;
  }
  return copy ?? items;
}
