/** What both view stores make of a key before they keep it, so that the same keys are equal in both. */
import { describe, InvalidArgumentError } from "../src/kernel/errors.js";
import {
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewKeyPart,
  type ViewTable,
} from "./views.js";

/** What LMDB takes, less one: a bound that is cut to one byte more still sorts right of every key (see `boundOf`). */
export const STORED_KEY_BYTES_MAX = 1_977;

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 64n - 1n;
/** These take two bytes in a key, which `viewKeyBytes` doesn't count. */
const ESCAPED = /[\u0000-\u0004]/g;

/**
 * The one form of a part among those that are equal: -0 is 0, a bigint that a double can hold is that number, and half a
 * surrogate pair is U+FFFD, since UTF-8 has no other bytes for it.
 *
 * @throws InvalidArgumentError - It is NaN, a bigint beyond 64 bits, or of another type: nothing that has an order.
 */
export function storedPart(part: ViewKeyPart): ViewKeyPart {
  if (part === null) return part;
  switch (typeof part) {
    case "string":
      return part.isWellFormed() ? part : part.toWellFormed();
    case "number":
      if (Number.isNaN(part)) throw wrongPart(part);
      return part === 0 ? 0 : part;
    case "bigint":
      if (part < BIGINT_MIN || part > BIGINT_MAX) throw wrongPart(part);
      return BigInt(Number(part)) === part ? Number(part) : part;
    case "boolean":
      return part;
    default:
      // Callers without types may give anything.
      throw wrongPart(part);
  }
}

function wrongPart(part: unknown): InvalidArgumentError {
  return new InvalidArgumentError(
    "each part of a view's key",
    "null, a boolean, a number other than NaN, a bigint of 64 bits, or text",
    part,
  );
}

/** @throws InvalidArgumentError - A store doesn't take this key: it has no parts, or too many bytes. */
export function checkStoredKey(table: ViewTable, key: ViewKey): void {
  if (key.length === 0)
    throw new InvalidArgumentError(`a key in ${table} of views`, "of one part at least", key);
  const bytes = viewKeyBytes(key);
  if (bytes > VIEW_KEY_BYTES_MAX) throw tooLong(table, key, VIEW_KEY_BYTES_MAX, bytes);
  // A short key can't become too long.
  if (2 * bytes <= STORED_KEY_BYTES_MAX) return;
  const stored = bytes + escapedCharacters(key);
  if (stored > STORED_KEY_BYTES_MAX) throw tooLong(table, key, STORED_KEY_BYTES_MAX, stored);
}

function escapedCharacters(key: ViewKey): number {
  let count = 0;
  for (const part of key) if (typeof part === "string") count += part.match(ESCAPED)?.length ?? 0;
  return count;
}

function tooLong(table: ViewTable, key: ViewKey, most: number, given: number) {
  return new InvalidArgumentError(
    `the bytes of the key ${showKey(key)} in ${table} of views`,
    `${most} at the most`,
    given,
  );
}

/** A short, safe picture of a key for an error message. */
export function showKey(key: ViewKey): string {
  return `[${key.map(describe).join(", ")}]`;
}
