/**
 * The order of keys in a view store, for those who compare what is kept with what isn't yet: null, false, true, numbers and bigints
 * by value, text by its UTF-8 bytes; a key before those it begins.
 */
import type { ViewKey, ViewKeyPart } from "./views.js";

/** Negative, zero or positive, as a comparator of `Array.prototype.sort`. */
export function compareViewKeys(a: ViewKey, b: ViewKey): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const order = compareParts(a[at] ?? null, b[at] ?? null);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts(a: ViewKeyPart, b: ViewKeyPart): number {
  if (a === b) return 0;
  const order = rankOf(a) - rankOf(b);
  if (order !== 0) return order;
  if (typeof a === "string" && typeof b === "string") return compareTexts(a, b);
  return (a as number | bigint) < (b as number | bigint) ? -1 : 1;
}

function rankOf(part: ViewKeyPart): number {
  if (part === null) return 0;
  if (typeof part === "boolean") return part ? 2 : 1;
  return typeof part === "string" ? 4 : 3;
}

/** UTF-8 sorts by code points, JavaScript by UTF-16 units: they differ where only one of two units is of a pair. */
function compareTexts(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const unit = a.charCodeAt(at);
    const other = b.charCodeAt(at);
    if (unit === other) continue;
    const isPair = isSurrogate(unit);
    return isPair === isSurrogate(other) ? unit - other : isPair ? 1 : -1;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xe000;
}
