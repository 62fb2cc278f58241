/** From what was asked for to the keys of the store that answer it. */
import {
  compareViewKeys,
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewKeyPart,
  type ViewRange,
} from "../../journal/index.js";
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { ViewNotBuiltError } from "./errors.js";
import { partsOfCursor, refusal, type Order } from "./cursor.js";
import { endOf, endOfPrefix } from "./key-order.js";
import { INDEX_VALUES, keyPartOf, personalPartOf } from "./key-part.js";
import type { CollectionLayout, IndexLayout } from "./layout.js";
import type { PageQuery } from "./query.js";

/** An IndexRange without its types; an IdRange is one too, whose field is the id. */
export interface UntypedRange {
  readonly equals?: unknown;
  readonly from?: unknown;
  readonly upTo?: unknown;
  readonly prefix?: unknown;
}

/** The keys of a range; of those, only the ones with enough parts. */
export interface KeyRange extends ViewRange {
  /**
   * Rows of a computed index may be of several lengths. Those that end before the fields asked for are none of them, though
   * their ids stand where the values of others do. Undefined where no key can be too short.
   */
  readonly partsMin: number | undefined;
}

/** The keys from which a page is read. */
export interface PageRange extends KeyRange {
  /** The first key, if it is there, belongs to the page before. */
  readonly isFromSeen: boolean;
  /** Documents of the page. */
  readonly pageLimit: number;
}

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;
const PREFIX_PARTS = 2;
const ID_PARTS = 1;

/** Whether a key is one of a range. */
export function isWithin({ from, before, partsMin = 0 }: KeyRange, key: ViewKey): boolean {
  return (
    key.length >= partsMin && compareViewKeys(from, key) <= 0 && compareViewKeys(key, before) < 0
  );
}

/**
 * @throws InvalidArgumentError - The collection has no such index.
 * @throws ViewNotBuiltError - It will have one, when the generation that is being built serves.
 */
export function indexNamed(collection: CollectionLayout, name: unknown): IndexLayout {
  const found = collection.indexes.find(({ definition }) => definition.name === name);
  if (found !== undefined) return found;
  const { lacking } = collection;
  if (lacking?.names.includes(name as string) === true) {
    const missing = `index ${String(name)} of collection ${collection.name}`;
    throw new ViewNotBuiltError(lacking.projection, missing, lacking.version);
  }
  const names = collection.indexes.map(({ definition }) => definition.name).join(", ");
  throw new InvalidArgumentError(
    `index of collection ${collection.name}`,
    names === "" ? "left out, there are none: add it to the definition" : `one of ${names}`,
    name,
  );
}

/** @throws InvalidArgumentError - A bound isn't text, or they contradict each other. */
export function rangeOfIds(collection: CollectionLayout, range: UntypedRange = {}): KeyRange {
  const what = `of ids of collection ${collection.name}`;
  checkObject(`range ${what}`, range);
  for (const name of ["from", "upTo"] as const) {
    if (range[name] !== undefined) checkText(`${name} ${what}`, range[name]);
  }
  return { ...boundsOf(collection.prefix, range, what), partsMin: undefined };
}

/**
 * @throws InvalidArgumentError - A value can't be in an index, there are more of them than fields, or bounds contradict
 *   each other.
 */
export function rangeOfIndex(
  collection: CollectionLayout,
  index: IndexLayout,
  range: UntypedRange = {},
): KeyRange {
  const { name, fields } = index.definition;
  const what = `of index ${name} of collection ${collection.name}`;
  checkObject(`range ${what}`, range);
  const { personal } = index.definition;
  const equals = equalsOf(range, what).map((part) => (personal ? personalPartOf(part) : part));
  const isBounded =
    range.from !== undefined || range.upTo !== undefined || range.prefix !== undefined;
  if (personal && isBounded) {
    const expected =
      "left out: its values are personal, their entries are hashes and have no order";
    throw new InvalidArgumentError(`from, upTo or prefix ${what}`, expected, "a bound");
  }
  const given = equals.length + (isBounded ? 1 : 0);
  if (fields !== undefined && given > fields.length) {
    throw new InvalidArgumentError(
      `values asked for ${what}`,
      `at most ${fields.length}, of ${fields.join(", ")}`,
      given,
    );
  }
  return {
    ...boundsOf([...index.prefix, ...equals], range, what),
    partsMin: fields !== undefined || given === 0 ? undefined : PREFIX_PARTS + given + ID_PARTS,
  };
}

/**
 * The part of a range that a page is read from.
 *
 * @throws InvalidArgumentError - Order, limit or cursor can't be taken.
 */
export function pageOf(
  range: KeyRange,
  of: { readonly collection: CollectionLayout; readonly index: IndexLayout | undefined },
  query: PageQuery = {},
): PageRange {
  const { order = "ascending", limit = LIMIT_DEFAULT, after } = query;
  checkInteger("limit", limit, 1, LIMIT_MAX);
  if ((order as string) !== "ascending" && (order as string) !== "descending")
    throw new InvalidArgumentError("order", '"ascending" or "descending"', order);
  const page = { ...range, descending: order === "descending", pageLimit: limit };
  if (after === undefined) return { ...page, isFromSeen: false };
  const prefix = (of.index ?? of.collection).prefix;
  const parts = partsOfCursor(orderOf(of, page.descending), after);
  const fields = of.index === undefined ? 0 : of.index.definition.fields?.length;
  const key = [...prefix, ...parts];
  const isInRange = compareViewKeys(range.from, key) <= 0 && compareViewKeys(key, range.before) < 0;
  if (!isInRange || (fields !== undefined && parts.length !== fields + ID_PARTS))
    throw refusal(after, "within the range asked for: use a cursor with the query it came from");
  return page.descending
    ? { ...page, before: key, isFromSeen: false }
    : { ...page, from: key, isFromSeen: true };
}

/** What the cursors of a query are places in. */
export function orderOf(
  of: { readonly collection: CollectionLayout; readonly index: IndexLayout | undefined },
  descending: boolean,
): Order {
  return { collection: of.collection.name, index: of.index?.definition.name, descending };
}

function equalsOf(range: UntypedRange, what: string): ViewKeyPart[] {
  if (!("equals" in range)) return [];
  const { equals } = range;
  // What was left out by mistake must not find everything.
  if (equals === undefined) {
    const expected =
      "a value or an array of values: null finds missing fields, leave it out to find all";
    throw new InvalidArgumentError(`equals ${what}`, expected, equals);
  }
  const values: readonly unknown[] = Array.isArray(equals) ? equals : [equals];
  return values.map((value) => partOf(`equals ${what}`, value));
}

function boundsOf(base: ViewKey, range: UntypedRange, what: string): ViewRange {
  const { from, upTo, prefix } = range;
  if (prefix === undefined) {
    return checkBounds(what, range, {
      from: from === undefined ? base : [...base, partOf(`from ${what}`, from)],
      before: upTo === undefined ? endOf(base) : endOf([...base, partOf(`upTo ${what}`, upTo)]),
    });
  }
  if (from !== undefined || upTo !== undefined) {
    const expected = "left out where from or upTo is given: they bound the same field";
    throw new InvalidArgumentError(`prefix ${what}`, expected, prefix);
  }
  checkText(`prefix ${what}`, prefix);
  return checkBounds(what, range, { from: [...base, prefix], before: endOfPrefix(base, prefix) });
}

/** The end of a range can be a byte longer than what it is made of, and so can't any key that it would end. */
function checkBounds(what: string, range: UntypedRange, bounds: ViewRange): ViewRange {
  const bytes = Math.max(viewKeyBytes(bounds.from), viewKeyBytes(bounds.before));
  if (bytes <= VIEW_KEY_BYTES_MAX) return bounds;
  throw new InvalidArgumentError(
    `range ${what}`,
    `shorter: it takes keys of ${bytes} bytes, there are none above ${VIEW_KEY_BYTES_MAX}`,
    range.prefix ?? range.from ?? range.upTo ?? range.equals,
  );
}

function partOf(argument: string, value: unknown): ViewKeyPart {
  const part = keyPartOf(value);
  if (part === undefined) throw new InvalidArgumentError(argument, INDEX_VALUES, value);
  return part;
}

function checkText(argument: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || !value.isWellFormed())
    throw new InvalidArgumentError(argument, "text without lone surrogates", value);
}
