/** The entries of indexes that stand for a document, and how they change with it. */
import {
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKeyPart,
  type ViewWrite,
} from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { IndexDefinition } from "./collection.js";
import { INDEX_VALUES, keyPartOf, personalPartOf } from "./key-part.js";
import { entryKey, type CollectionLayout, type IndexLayout } from "./layout.js";

type Row = ViewKeyPart[];
type Fields = Readonly<Record<string, unknown>>;

const NOTHING: readonly ViewWrite[] = Object.freeze([]);
const NO_ROWS: readonly Row[] = Object.freeze([]);

/**
 * What must be written for the indexes of a collection when a document changes; undefined stands for no document. Only the
 * entries that differ.
 *
 * @throws InvalidArgumentError - A value of `after` can't be in an index.
 */
export function indexChangesOf(
  collection: CollectionLayout,
  id: string,
  before: unknown,
  after: unknown,
): readonly ViewWrite[] {
  if (before === after) return NOTHING;
  let writes: ViewWrite[] | undefined;
  for (const index of collection.indexes) {
    const { definition } = index;
    if (before !== undefined && after !== undefined && haveSameFields(definition, before, after))
      continue;
    const old =
      before === undefined ? NO_ROWS : entryValuesOf(definition, before, collection.name, id);
    const young =
      after === undefined ? NO_ROWS : entryValuesOf(definition, after, collection.name, id);
    if (areSameRows(old, young)) continue;
    writes ??= [];
    addDifference(writes, index, id, old, young);
  }
  return writes ?? NOTHING;
}

/**
 * The rows of values under which a document stands in an index, as parts of keys, without repetitions.
 *
 * @throws InvalidArgumentError - A value can't be sorted, or a row makes too long a key.
 */
export function entryValuesOf(
  index: IndexDefinition,
  document: unknown,
  collection: string,
  id: string,
): Row[] {
  if (index.each) checkList(index, document as Fields, collection, id);
  const rows: Row[] = [];
  for (const values of index.valuesOf(document as never)) {
    if (!Array.isArray(values))
      throw unfit("values", index, collection, id, "an array, or undefined for no entry", values);
    rows.push(rowOf(values, index, collection, id));
  }
  return rows.length > 1 ? withoutRepetitions(rows) : rows;
}

function rowOf(
  values: readonly unknown[],
  index: IndexDefinition,
  collection: string,
  id: string,
): Row {
  const row: Row = [];
  // At most, without looking at the text: three bytes for each UTF-16 unit.
  let bytes = KEY_BYTES_AROUND + 3 * id.length;
  for (let at = 0; at < values.length; at++) {
    const part = keyPartOf(values[at]);
    if (part === undefined) {
      const what = index.fields?.[at] ?? `value ${at + 1}`;
      throw unfit(what, index, collection, id, INDEX_VALUES, values[at]);
    }
    if (index.personal) bytes += MARK_BYTES;
    row.push(index.personal ? personalPartOf(part) : part);
    bytes += typeof part === "string" ? 4 + 3 * part.length : 12;
  }
  if (bytes > VIEW_KEY_BYTES_MAX) checkKeyBytes(row, index, collection, id);
  return row;
}

/** What a hash takes, whatever the value. */
const MARK_BYTES = 80;

/** Generation, number of the index, and what the id takes besides its bytes. */
const KEY_BYTES_AROUND = viewKeyBytes([0, 0, ""]);

function checkKeyBytes(row: Row, index: IndexDefinition, collection: string, id: string): void {
  const bytes = viewKeyBytes([0, 0, ...row, id]);
  if (bytes <= VIEW_KEY_BYTES_MAX) return;
  const texts = row.map((part) => (typeof part === "string" ? part : ""));
  const at = texts.reduce(
    (best, text, i) => (text.length > (texts[best] ?? "").length ? i : best),
    0,
  );
  throw unfit(
    index.fields?.[at] ?? `value ${at + 1}`,
    index,
    collection,
    id,
    `shorter: the key has ${bytes} bytes of at most ${VIEW_KEY_BYTES_MAX}; index a part of it or a hash, by indexBy`,
    row[at],
  );
}

function checkList(index: IndexDefinition, document: Fields, collection: string, id: string): void {
  const [field = ""] = index.fields ?? [];
  const list = document[field] ?? [];
  if (!Array.isArray(list)) throw unfit(field, index, collection, id, "an array, or null", list);
}

function unfit(
  what: string,
  index: IndexDefinition,
  collection: string,
  id: string,
  expected: string,
  given: unknown,
): InvalidArgumentError {
  return new InvalidArgumentError(
    `${what} in index ${index.name}, of document ${id} of collection ${collection},`,
    expected,
    given,
  );
}

function addDifference(
  writes: ViewWrite[],
  index: IndexLayout,
  id: string,
  old: readonly Row[],
  young: readonly Row[],
): void {
  for (const row of without(old, young))
    writes.push({ table: "entries", key: entryKey(index, row, id), value: undefined });
  for (const row of without(young, old))
    writes.push({ table: "entries", key: entryKey(index, row, id), value: null });
}

/** The rows that are not among the others. One row each is the usual case, and known to differ. */
function without(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  if (others.length === 0 || (rows.length <= 1 && others.length === 1)) return rows;
  const identities = new Set(others.map(identityOf));
  return rows.filter((row) => !identities.has(identityOf(row)));
}

function withoutRepetitions(rows: Row[]): Row[] {
  const byIdentity = new Map<string, Row>();
  for (const row of rows) byIdentity.set(identityOf(row), row);
  return byIdentity.size === rows.length ? rows : [...byIdentity.values()];
}

/** Text that two rows share only if they are the same. */
function identityOf(row: Row): string {
  let identity = "";
  for (const part of row) {
    const text = String(part);
    // A number and the text of it differ; so does where one text ends and the next begins.
    identity += typeof part === "string" ? `"${text.length}:${text}` : `${text},`;
  }
  return identity;
}

function areSameRows(a: readonly Row[], b: readonly Row[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) {
    const row = a[at] ?? [];
    const other = b[at] ?? [];
    if (row.length !== other.length) return false;
    for (let i = 0; i < row.length; i++) if (row[i] !== other[i]) return false;
  }
  return true;
}

/** Whether it is certain, without making rows, that both have the same; the common case of a changed document. */
function haveSameFields(index: IndexDefinition, before: unknown, after: unknown): boolean {
  if (index.fields === undefined) return false;
  for (const field of index.fields) {
    const value = (before as Fields)[field];
    const other = (after as Fields)[field];
    if (!(index.each ? areSameItems(value, other) : areSameValues(value, other))) return false;
  }
  return true;
}

function areSameItems(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (!areSameValues(a[at], b[at])) return false;
  return true;
}

function areSameValues(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return (a ?? null) === (b ?? null);
}
