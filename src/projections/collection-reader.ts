/** Reading one collection of one generation, in the state of the store that the reader shows. */
import {
  compareViewKeys,
  type ViewKey,
  type ViewRange,
  type ViewReader,
} from "../../journal/index.js";
import { checkArray } from "../kernel/check.js";
import { checkId } from "../kernel/ids.js";
import type { IndexValue } from "./collection.js";
import { cursorBehind } from "./cursor.js";
import {
  indexNamed,
  orderOf,
  pageOf,
  rangeOfIds,
  rangeOfIndex,
  type PageRange,
  type UntypedRange,
} from "./key-range.js";
import { documentKey, idOf, type CollectionLayout, type IndexLayout } from "./layout.js";
import type {
  CollectionReader,
  DocumentPage,
  Entry,
  IdRange,
  IndexRange,
  PageQuery,
} from "./query.js";
import { ViewCorruptedError } from "./view-corrupted.js";

type Values = readonly IndexValue[];

export class StoredCollection implements CollectionReader<unknown> {
  readonly #reader: ViewReader;
  readonly #collection: CollectionLayout;

  constructor(reader: ViewReader, collection: CollectionLayout) {
    this.#reader = reader;
    this.#collection = collection;
  }

  /** @throws InvalidArgumentError - The id isn't valid. */
  get(id: string): unknown {
    checkId(`id in collection ${this.#collection.name}`, id);
    return this.#reader.get("documents", documentKey(this.#collection, id));
  }

  /** @throws InvalidArgumentError - An id isn't valid. */
  getMany(ids: readonly string[]): unknown[] {
    checkArray(`ids in collection ${this.#collection.name}`, ids);
    return ids.map((id) => this.get(id));
  }

  /** @throws InvalidArgumentError - The query can't be taken. */
  list(query: IdRange & PageQuery = {}): DocumentPage<unknown> {
    const range = rangeOfIds(this.#collection, query);
    const page = pageOf(range, { collection: this.#collection, index: undefined }, query);
    const rows = this.#reader.rows("documents", readingOf(page));
    return this.#read(
      page,
      undefined,
      rows,
      ({ key }) => key,
      ({ value }) => value,
    );
  }

  /**
   * @throws InvalidArgumentError - There is no such index, or the query can't be taken.
   * @throws ViewCorruptedError - The index has an entry without a document: rebuild the projection.
   */
  find(name: string, query: IndexRange<Values> & PageQuery = {}): DocumentPage<unknown> {
    const index = indexNamed(this.#collection, name);
    const range = rangeOfIndex(this.#collection, index, query);
    const page = pageOf(range, { collection: this.#collection, index }, query);
    const keys = this.#reader.keys("entries", readingOf(page));
    return this.#read(
      page,
      index,
      keys,
      (key) => key,
      (key) => this.#documentOf(index, key),
    );
  }

  /** @throws InvalidArgumentError - The range can't be taken. */
  count(range?: IdRange): number {
    return this.#reader.count("documents", rangeOfIds(this.#collection, range));
  }

  /** @throws InvalidArgumentError - There is no such index, or the range can't be taken. */
  countBy(name: string, range?: IndexRange<Values>): number {
    const index = indexNamed(this.#collection, name);
    const keys = rangeOfIndex(this.#collection, index, range);
    if (keys.partsMin === undefined) return this.#reader.count("entries", keys);
    let count = 0;
    for (const { length } of this.#reader.keys("entries", keys))
      if (length >= keys.partsMin) count++;
    return count;
  }

  /** The ids of all entries of an index within the range, in order. Read it in one turn of the event loop. */
  *entriesIn(name: string, range?: UntypedRange): Generator<string, void> {
    const index = indexNamed(this.#collection, name);
    const keys = rangeOfIndex(this.#collection, index, range);
    for (const key of this.#reader.keys("entries", keys))
      if (key.length >= (keys.partsMin ?? 0)) yield idOf(key);
  }

  /** All ids within the range, in order. Read it in one turn of the event loop. */
  *idsIn(range?: IdRange): Generator<string, void> {
    const keys = rangeOfIds(this.#collection, range);
    for (const key of this.#reader.keys("documents", keys)) yield idOf(key);
  }

  #read<Item>(
    page: PageRange,
    index: IndexLayout | undefined,
    items: Iterable<Item>,
    keyOf: (item: Item) => ViewKey,
    documentOf: (item: Item) => unknown,
  ): DocumentPage<unknown> {
    const entries: Entry<unknown>[] = [];
    let last: ViewKey | undefined;
    for (const item of items) {
      const key = keyOf(item);
      if (key.length < (page.partsMin ?? 0)) continue;
      const isFirst = last === undefined;
      if (isFirst && page.isFromSeen && compareViewKeys(key, page.from) === 0) continue;
      if (last !== undefined && entries.length === page.pageLimit) {
        const order = orderOf({ collection: this.#collection, index }, page.descending === true);
        return { entries, next: cursorBehind(order, last) };
      }
      entries.push({ id: idOf(key), document: documentOf(item) });
      last = key;
    }
    return { entries, next: undefined };
  }

  #documentOf({ definition }: IndexLayout, key: ViewKey): unknown {
    const id = idOf(key);
    const document = this.#reader.get("documents", documentKey(this.#collection, id));
    if (document !== undefined) return document;
    const problem = `index ${definition.name} has an entry of document ${id}, which isn't there`;
    throw new ViewCorruptedError(this.#collection.name, problem);
  }
}

/** One row more than the page has tells whether something follows; where rows are left out, nobody knows how many to read. */
function readingOf(page: PageRange): ViewRange {
  const { from, before, descending = false, isFromSeen, partsMin, pageLimit } = page;
  if (partsMin !== undefined) return { from, before, descending };
  return { from, before, descending, limit: pageLimit + 1 + (isFromSeen ? 1 : 0) };
}

/** The last part of every key. */
