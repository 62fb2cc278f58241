/**
 * Following what changes in a view. A watch remembers only which documents have changed, and reads each when its turn comes:
 * so a slow reader costs little, and gets the last state instead of every one in between.
 */
import type { ViewStore } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { WatchOverflowError } from "./errors.js";
import { isInIndexRange } from "./index-range.js";
import { samePlainData } from "../kernel/same-plain-data.js";
import type { Changes } from "./document-unit.js";
import { StoredCollection } from "./collection-reader.js";
import type { UntypedRange } from "./key-range.js";
import type { ViewSource } from "./view-source.js";

/** A document as it is now. */
export interface WatchedChange<Document> {
  readonly id: string;
  /** Undefined where there is none, or where it no longer belongs to what is watched. */
  readonly document: Document | undefined;
  /** The view reflects the log up to here. */
  readonly position: Position;
}

const PENDING_MAX = 100_000;

abstract class Watch<Document> implements AsyncIterableIterator<WatchedChange<Document>> {
  protected readonly source: ViewSource;
  readonly #store: ViewStore;
  protected readonly collection: string;
  readonly #pending = new Set<string>();
  #overflow: WatchOverflowError | undefined;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #unlisten: () => void;

  constructor(source: ViewSource, store: ViewStore, collection: string) {
    this.source = source;
    this.#store = store;
    this.collection = collection;
    this.#unlisten = source.listen({
      changed: (changes) => this.onChanged(changes),
      flipped: () => this.onFlipped(),
      closed: () => this.#end(),
    });
  }

  protected abstract onChanged(changes: Changes): void;
  /** Another generation serves: everything may be otherwise. */
  protected abstract onFlipped(): void;
  /** The change to tell of; undefined where there is nothing to tell. */
  protected abstract changeOf(id: string): WatchedChange<Document> | undefined;

  protected reader(): StoredCollection {
    return new StoredCollection(this.#store, this.source.layout(this.collection));
  }

  protected push(id: string): void {
    this.#pending.add(id);
    if (this.#pending.size > PENDING_MAX)
      this.#overflow ??= new WatchOverflowError(this.source.name, PENDING_MAX);
    this.#wake?.();
  }

  async next(): Promise<IteratorResult<WatchedChange<Document>, undefined>> {
    for (;;) {
      if (this.#overflow !== undefined) {
        const error = this.#overflow;
        this.#end();
        throw error;
      }
      for (const id of this.#pending) {
        if (this.#ended) break;
        this.#pending.delete(id);
        const change = this.changeOf(id);
        if (change !== undefined) return { done: false, value: change };
      }
      if (this.#ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  return(): Promise<IteratorResult<WatchedChange<Document>, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #end(): void {
    this.#ended = true;
    this.#pending.clear();
    this.#overflow = undefined;
    this.#unlisten();
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** One document. */
export class DocumentWatch<Document> extends Watch<Document> {
  readonly #id: string;
  #told = false;
  #last: unknown;

  constructor(source: ViewSource, store: ViewStore, collection: string, id: string) {
    checkId("document id", id);
    super(source, store, collection);
    this.#id = id;
    this.push(id);
  }

  protected onChanged(changes: Changes): void {
    for (const { id } of changes.get(this.collection) ?? []) if (id === this.#id) this.push(id);
  }

  protected onFlipped(): void {
    this.push(this.#id);
  }

  protected changeOf(id: string): WatchedChange<Document> | undefined {
    const document = this.reader().get(id);
    if (this.#told && samePlainData(document, this.#last)) return undefined;
    this.#told = true;
    this.#last = document;
    return { id, document: document as Document | undefined, position: this.source.reflected() };
  }
}

/** The documents of a range of an index. */
export class QueryWatch<Document> extends Watch<Document> {
  readonly #index: string;
  readonly #range: UntypedRange;
  /** Documents that the reader knows to be in the range. */
  readonly #known = new Set<string>();

  constructor(
    source: ViewSource,
    store: ViewStore,
    collection: string,
    index: string,
    range: UntypedRange,
  ) {
    super(source, store, collection);
    this.#index = index;
    this.#range = range;
    try {
      this.#pushAll();
    } catch (error) {
      void this.return();
      throw error;
    }
  }

  #pushAll(): void {
    for (const id of this.reader().entriesIn(this.#index, this.#range)) this.push(id);
  }

  #contains(id: string, document: unknown): boolean {
    const layout = this.source.layout(this.collection);
    return document !== undefined && isInIndexRange(layout, this.#index, this.#range, id, document);
  }

  protected onChanged(changes: Changes): void {
    for (const { id, before, after } of changes.get(this.collection) ?? [])
      if (this.#contains(id, before) || this.#contains(id, after)) this.push(id);
  }

  protected onFlipped(): void {
    for (const id of this.#known) this.push(id);
    this.#pushAll();
  }

  protected changeOf(id: string): WatchedChange<Document> | undefined {
    const found = this.reader().get(id);
    const position = this.source.reflected();
    if (this.#contains(id, found)) {
      this.#known.add(id);
      return { id, document: found as Document, position };
    }
    return this.#known.delete(id) ? { id, document: undefined, position } : undefined;
  }
}
