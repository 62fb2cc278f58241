/**
 * Cursors: base64url of `[collection, index or null, descending, value …, id]`. The last part is the key of an entry without
 * the numbers of its generation, so that a cursor is good in the next generation too.
 */
import { decode, encode, type ViewKey, type ViewKeyPart } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { keyPartOf } from "./key-part.js";
import type { Cursor } from "./query.js";

/** Which order a cursor is a place in. */
export interface Order {
  readonly collection: string;
  /** Undefined: by id. */
  readonly index: string | undefined;
  readonly descending: boolean;
}

/** Numbers of the generation, and of the collection or index within it. */
const PREFIX_PARTS = 2;
const HEAD_PARTS = 3;
/** More than two names, the longest key and base64 can make. */
const CHARACTERS_MAX = 4_096;

/** The cursor behind `key`. */
export function cursorBehind(order: Order, key: ViewKey): Cursor {
  const head = [order.collection, order.index ?? null, order.descending];
  return Buffer.from(encode([...head, ...key.slice(PREFIX_PARTS)])).toString("base64url");
}

/**
 * The values and the id behind which a cursor stands.
 *
 * @throws InvalidArgumentError - It is damaged, or was made for another collection, index or order.
 */
export function partsOfCursor(order: Order, cursor: unknown): ViewKeyPart[] {
  const [collection, index, descending, ...parts] = fieldsOf(cursor);
  if (
    collection !== order.collection ||
    index !== (order.index ?? null) ||
    descending !== order.descending
  )
    throw refusal(cursor, `of ${describeOrder(order)}: use a cursor with the query it came from`);
  return parts;
}

/** Says what is wrong with a cursor. */
export function refusal(cursor: unknown, expected: string): InvalidArgumentError {
  return new InvalidArgumentError("after", `a cursor ${expected}`, cursor);
}

function describeOrder({ collection, index, descending }: Order): string {
  const by = index === undefined ? "by id" : `by index ${index}`;
  return `collection ${collection} ${by}, ${descending ? "descending" : "ascending"}`;
}

function fieldsOf(cursor: unknown): ViewKeyPart[] {
  if (typeof cursor !== "string" || cursor.length > CHARACTERS_MAX) throw damaged(cursor);
  const bytes = Buffer.from(cursor, "base64url");
  if (bytes.toString("base64url") !== cursor) throw damaged(cursor);
  let fields: unknown;
  try {
    fields = decode(bytes);
  } catch {
    throw damaged(cursor);
  }
  const isCursor =
    Array.isArray(fields) &&
    fields.length > HEAD_PARTS &&
    typeof fields.at(-1) === "string" &&
    // In the one form of each value, as it stands in keys; so not undefined either.
    fields.every((part) => part === keyPartOf(part));
  if (!isCursor) throw damaged(cursor);
  return fields as ViewKeyPart[];
}

function damaged(cursor: unknown): InvalidArgumentError {
  return refusal(cursor, "that a page gave as its next, unchanged");
}
