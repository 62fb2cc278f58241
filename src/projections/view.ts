/** Reading a view: documents as of a position, with a way to wait for one's own write, and to follow what changes. */
import type { ViewStore } from "../../journal/index.js";
import { checkInteger } from "../kernel/check.js";
import { keptAlive } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import { StoredCollection } from "./collection-reader.js";
import type {
  Collections,
  DocumentOf,
  Indexes,
  IndexesOf,
  NameOf,
  OnlyName,
} from "./collection.js";
import type { Projection } from "./projection.js";
import type {
  CollectionReader,
  DocumentPage,
  Entry,
  IdRange,
  IndexRange,
  PageQuery,
  ReadOptions,
} from "./query.js";
import type { ViewSource } from "./view-source.js";
import { DocumentWatch, QueryWatch, type WatchedChange } from "./watch.js";

const TIMEOUT_MS = 5_000;
const ALL_AT_ONCE = 500;

/** Every collection of a projection, for reading. */
export type CollectionReaders<C extends Collections> = {
  readonly [Name in keyof C]: CollectionReader<DocumentOf<C[Name]>, IndexesOf<C[Name]>>;
};

/** Gives a view of a collection; its name may be left out where it is the only one. See `Runtime.view`. */
export type ViewOf = <C extends Collections, Name extends keyof C & string = OnlyName<C>>(
  projection: Projection<C>,
  ...collection: NameOf<C, Name>
) => View<DocumentOf<C[Name]>, IndexesOf<C[Name]>>;

/** Waits for what a reader asks for. */
export async function awaitView(source: ViewSource, options: ReadOptions): Promise<void> {
  const { atLeast, fresh, timeoutMs = TIMEOUT_MS } = options;
  if (atLeast !== undefined) checkInteger("atLeast", atLeast, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("timeoutMs", timeoutMs, 0, 2 ** 31 - 1);
  const wanted = Math.max(atLeast ?? 0, fresh === true ? source.head() : 0);
  if (wanted > source.position()) await keptAlive(source.clock, source.reached(wanted, timeoutMs));
}

/**
 * One collection of a projection. Each call reads one generation as of one position, and gives copies.
 *
 * Every method throws what this lists:
 * - SubscriptionTimeoutError: the view didn't reach `atLeast` (or the head, with `fresh`) in time. It may be asked again.
 * - SubscriptionStoppedError: the projection stopped before that, since its handler keeps failing.
 * - ViewNotBuiltError: the generation that serves doesn't have this collection or index yet.
 * - InvalidArgumentError: an id, an index or an option isn't valid.
 */
export class View<Document, Found extends Indexes = Indexes> {
  readonly #source: ViewSource;
  readonly #store: ViewStore;
  readonly #collection: string;

  /** @internal */
  constructor(source: ViewSource, store: ViewStore, collection: string) {
    this.#source = source;
    this.#store = store;
    this.#collection = collection;
  }

  /** Position up to which the log is reflected. */
  position(): Position {
    return this.#source.position();
  }

  /** One document; undefined where there is none. */
  async get(id: string, options: ReadOptions = {}): Promise<Document | undefined> {
    return (await this.#reader(options)).get(id);
  }

  /** Documents in the order of their ids as given; undefined where there is none. */
  async getMany(
    ids: readonly string[],
    options: ReadOptions = {},
  ): Promise<(Document | undefined)[]> {
    return (await this.#reader(options)).getMany(ids);
  }

  /** Documents in order of id. */
  async list(query: IdRange & PageQuery & ReadOptions = {}): Promise<DocumentPage<Document>> {
    return (await this.#reader(query)).list(query);
  }

  /**
   * Every document within the range, in order of id, read page by page: each page as of its own position. For one position
   * throughout see `Runtime.query`.
   */
  async *all(range: IdRange & ReadOptions = {}): AsyncGenerator<Entry<Document>> {
    const { atLeast: _atLeast, fresh: _fresh, ...rest } = range;
    let page = await this.list({ ...range, limit: ALL_AT_ONCE });
    for (;;) {
      yield* page.entries;
      if (page.next === undefined) return;
      page = await this.list({ ...rest, limit: ALL_AT_ONCE, after: page.next });
    }
  }

  /**
   * Documents in the order of an index. One that stands in the index several times within the range (`indexEach`) comes as
   * many times.
   */
  async find<Name extends keyof Found & string>(
    index: Name,
    query: IndexRange<Found[Name]> & PageQuery & ReadOptions = {},
  ): Promise<DocumentPage<Document>> {
    return (await this.#reader(query)).find(index, query);
  }

  /** How many documents there are. */
  async count(range: IdRange & ReadOptions = {}): Promise<number> {
    return (await this.#reader(range)).count(range);
  }

  /** How many entries of an index lie in the range. */
  async countBy<Name extends keyof Found & string>(
    index: Name,
    range: IndexRange<Found[Name]> & ReadOptions = {},
  ): Promise<number> {
    return (await this.#reader(range)).countBy(index, range);
  }

  /**
   * A document as it is, and then each time it has changed; what changes faster than it is read comes as its last state.
   * Ends with the runtime, or when the loop is left.
   */
  watch(id: string): AsyncIterableIterator<WatchedChange<Document>> {
    return new DocumentWatch<Document>(this.#source, this.#store, this.#collection, id);
  }

  /**
   * The documents of an index's range as they are, and then each that has changed, come or left (then without a document).
   * What changes faster than it is read comes as its last state.
   *
   * @throws WatchOverflowError - From the loop: the reader fell behind by more than 100,000 documents.
   */
  watchBy<Name extends keyof Found & string>(
    index: Name,
    range: IndexRange<Found[Name]> = {},
  ): AsyncIterableIterator<WatchedChange<Document>> {
    return new QueryWatch<Document>(this.#source, this.#store, this.#collection, index, range);
  }

  async #reader(options: ReadOptions): Promise<CollectionReader<Document, Found>> {
    await awaitView(this.#source, options);
    return readerOf(this.#source, this.#store, this.#collection) as CollectionReader<
      Document,
      Found
    >;
  }
}

/** Reads one collection as it is in this turn of the event loop. */
export function readerOf(
  source: ViewSource,
  store: ViewStore,
  collection: string,
): StoredCollection {
  return new StoredCollection(store, source.layout(collection));
}

/**
 * Reads several collections of one projection as of one position.
 *
 * @param read - Synchronous: what it reads later is of a later position.
 */
export function readTogether<C extends Collections, Result>(
  source: ViewSource,
  store: ViewStore,
  collections: C,
  read: (collections: CollectionReaders<C>, position: Position) => Result,
): Result {
  const readers = Object.fromEntries(
    Object.keys(collections).map((name) => [name, readerOf(source, store, name)]),
  );
  return read(readers as unknown as CollectionReaders<C>, source.reflected());
}
