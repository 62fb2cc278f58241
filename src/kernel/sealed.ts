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

export class Sealed {
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

  isOf(subject: string): boolean {
    return this.keys.some((key) => key.subject === subject);
  }
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
