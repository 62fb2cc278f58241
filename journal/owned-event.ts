/** An event on the short way into the journal. */
import type { NewEvent } from "./journal.js";

/**
 * An event to be recorded whose data is a copy, made by `isolated`, that nobody else holds. It can't hide anything behind
 * accessors, so admission needs to look at its values only, and the commit keeps it without another copy.
 */
export class OwnedEvent implements NewEvent {
  constructor(
    readonly type: string,
    readonly data: unknown,
    readonly shape: number,
    /** Nobody changes its data, not even the fold: it may be shared with the state. */
    readonly immutable = false,
  ) {}

  /** Its data was found to be recordable within the limits of the runtime: once is enough. */
  isChecked = false;
}

const LEAF_BYTES_MAX = 9;
const HEAD_BYTES_MAX = 5;
const BYTES_PER_CHARACTER_MAX = 3;

/**
 * Whether owned data is an object of objects, arrays, texts and numbers that can be recorded, and surely no larger than the
 * limit. False says nothing: the thorough checks then find out, and name what is wrong.
 */
export function isPlainlyRecordable(data: unknown, bytesMax: number, depthMax: number): boolean {
  if (typeof data !== "object" || data === null || Array.isArray(data)) return false;
  return bytesBoundOf(data, depthMax) <= bytesMax;
}

/** Infinity for what must be looked at thoroughly. */
function bytesBoundOf(value: unknown, depthLeft: number): number {
  if (typeof value === "string")
    return value.isWellFormed()
      ? HEAD_BYTES_MAX + value.length * BYTES_PER_CHARACTER_MAX
      : Infinity;
  if (typeof value === "boolean" || Number.isFinite(value) || value === null) return LEAF_BYTES_MAX;
  if (typeof value !== "object" || depthLeft <= 0) return Infinity;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return objectBoundOf(value, depthLeft - 1);
  if (prototype === Array.prototype) return arrayBoundOf(value as unknown[], depthLeft - 1);
  return Infinity;
}

function objectBoundOf(value: object, depthLeft: number): number {
  if (Object.getOwnPropertySymbols(value).length > 0) return Infinity;
  let bound = HEAD_BYTES_MAX;
  for (const key in value) {
    if (key === "__proto__" || !key.isWellFormed()) return Infinity;
    bound += HEAD_BYTES_MAX + key.length * BYTES_PER_CHARACTER_MAX;
    bound += bytesBoundOf((value as Record<string, unknown>)[key], depthLeft);
  }
  return bound;
}

function arrayBoundOf(items: readonly unknown[], depthLeft: number): number {
  // Holes are found as undefined items, keys beside the items by their number.
  if (Object.keys(items).length !== items.length) return Infinity;
  let bound = HEAD_BYTES_MAX;
  for (const item of items) bound += bytesBoundOf(item, depthLeft);
  return bound;
}
