/**
 * Arithmetic of the order of keys: null, false, true, numbers and bigints by value, text by its UTF-8 bytes; a key before
 * those it begins. All of it holds for the parts that {@link keyPartOf} makes: finite numbers, bigints of 64 bits, and
 * text without lone surrogates.
 */
import type { ViewKey, ViewKeyPart } from "../../journal/index.js";
import { integerPart } from "./key-part.js";

/** Negative, zero or positive, as a comparator of `Array.prototype.sort`. */
export function compareKeys(a: ViewKey, b: ViewKey): number {
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

/** The least key behind all that begin with `base`, which has a part. */
export function endOf(base: ViewKey): ViewKey {
  return base.with(-1, successorOf(base.at(-1) ?? null));
}

/** The least key behind all that begin with `base` and a text that begins with `prefix`. */
export function endOfPrefix(base: ViewKey, prefix: string): ViewKey {
  let rest = prefix;
  while (rest !== "") {
    const last = lastCharacterOf(rest);
    rest = rest.slice(0, rest.length - last.length);
    const point = last.codePointAt(0) ?? 0;
    if (point < 0x10_ffff) return [...base, rest + String.fromCodePoint(pointAfter(point))];
  }
  // Text sorts last: what is behind all texts is behind all that begin with the base.
  return endOf(base);
}

function lastCharacterOf(text: string): string {
  return text.slice(isSurrogate(text.charCodeAt(text.length - 1)) ? -2 : -1);
}

/** Surrogates are no characters of their own. */
function pointAfter(point: number): number {
  return point === 0xd7ff ? 0xe000 : point + 1;
}

/** A part behind `part`, with no part of a stored key between them. */
function successorOf(part: ViewKeyPart): ViewKeyPart {
  if (part === null) return false;
  if (typeof part === "boolean") return part ? -Number.MAX_VALUE : true;
  if (typeof part === "string") return `${part}\0`;
  return typeof part === "bigint" ? integerPart(part + 1n) : successorOfNumber(part);
}

const FLOAT = new Float64Array(1);
const BITS = new BigInt64Array(FLOAT.buffer);
/** From here on not every integer is a number, so bigints may lie between two numbers: up to 64 bits. */
const EXACT_MAX = 2 ** 53;
const BIGINTS_END = 2 ** 64;

function successorOfNumber(value: number): ViewKeyPart {
  const size = Math.abs(value);
  if (size >= EXACT_MAX && size < BIGINTS_END) return integerPart(BigInt(value) + 1n);
  // No number is behind the greatest, but text is.
  if (value === Number.MAX_VALUE) return "";
  FLOAT[0] = value;
  BITS[0] = (BITS[0] ?? 0n) + (value < 0 ? -1n : 1n);
  return FLOAT[0] + 0;
}
