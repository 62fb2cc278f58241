/**
 * Arithmetic of the order of keys: null, false, true, numbers and bigints by value, text by its UTF-8 bytes; a key before
 * those it begins. All of it holds for the parts that {@link keyPartOf} makes: finite numbers, bigints of 64 bits, and
 * text without lone surrogates.
 */
import type { ViewKey, ViewKeyPart } from "../../journal/index.js";
import { integerPart } from "./key-part.js";

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
