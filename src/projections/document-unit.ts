/**
 * A projection's unit of work: its handlers, and the documents of one generation that they change. What they change is
 * gathered in memory and written with the position it reflects, so the view is the fold of the log up to its checkpoint.
 */
import type { ViewStore, ViewWrite } from "../../journal/index.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { asError } from "../kernel/errors.js";
import { provenanceOf, withProvenance } from "../kernel/provenance.js";
import {
  CollectionDocuments,
  type DocumentChange,
  HandlerKnowledge,
  type DocumentLimits,
  type Documents,
} from "./documents.js";
import { handledInSpan, type EventTracing } from "./event-span.js";
import type { Unit } from "./unit.js";
import { checkpointKey, checkpointOf } from "./generations.js";
import { layoutOf, type GenerationId } from "./layout.js";
import type { AnyProjection, ErasedHandler } from "./projection.js";

/** What a flush has changed, by collection. */
export type Changes = ReadonlyMap<string, readonly DocumentChange[]>;

/** Called when changes are on disk. */
export type ChangeListener = (changes: Changes, position: Position) => void;

const CHANGED_MAX = 10_000;
/** Some searches go through everything that has changed since the last flush, so there may be less of it. */
const CHANGED_WHILE_SEARCHED_MAX = 256;
const COLLECTED_AT_ONCE = 2_000;
const CACHED_BYTES_MAX = 32 * 2 ** 20;

export class DocumentUnit implements Unit {
  readonly #store: ViewStore;
  readonly #name: string;
  readonly #tracing: EventTracing;
  readonly #generation: GenerationId;
  readonly #handlers: ReadonlyMap<string, ErasedHandler>;
  readonly #collections: readonly CollectionDocuments[];
  readonly #documents: Readonly<Record<string, Documents<unknown>>>;
  readonly #onChanged: ChangeListener;
  readonly #knowledge = new HandlerKnowledge();
  readonly #giveWay: () => Promise<void>;
  #empty = true;

  constructor(
    store: ViewStore,
    definition: AnyProjection,
    generation: GenerationId,
    ports: EventTracing & { readonly limits: DocumentLimits },
    onChanged: ChangeListener,
  ) {
    this.#giveWay = () => new Promise((resolve) => ports.clock.defer(resolve));
    this.#store = store;
    this.#name = definition.name;
    this.#tracing = ports;
    this.#generation = generation;
    this.#handlers = definition.handlers;
    this.#onChanged = onChanged;
    this.#collections = layoutOf(definition.collections, generation).map(
      (layout) => new CollectionDocuments(store, layout, ports.limits, this.#knowledge),
    );
    this.#documents = Object.freeze(
      Object.fromEntries(this.#collections.map((each) => [each.layout.name, each])),
    );
  }

  apply(event: RecordedEvent): void {
    const handler = this.#handlers.get(event.type);
    if (handler === undefined) return;
    this.#empty = false;
    this.#knowledge.begin(provenanceOf(event));
    try {
      this.#handle(handler, event);
    } catch (thrown) {
      throw withProvenance(asError(thrown), this.#knowledge.values);
    }
  }

  #handle(handler: ErasedHandler, event: RecordedEvent): void {
    const result = handledInSpan(this.#tracing, this.#name, event, () =>
      handler(event, this.#documents as never),
    );
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw new Error(
        "a handler of a projection must not be asynchronous: its writes would come too late",
      );
    }
    for (const each of this.#collections) each.endEvent();
  }

  /** Removes a document from every collection, for whoever builds it anew. */
  removeEverywhere(id: string): void {
    this.#empty = false;
    for (const each of this.#collections) {
      each.remove(id);
      each.endEvent();
    }
  }

  isEmpty(): boolean {
    return this.#empty;
  }

  isFull(): boolean {
    let bytes = 0;
    for (const each of this.#collections) {
      if (each.changedCount >= (each.searchedAll ? CHANGED_WHILE_SEARCHED_MAX : CHANGED_MAX))
        return true;
      bytes += each.bytes;
    }
    return bytes > 2 * CACHED_BYTES_MAX;
  }

  async flush(position: Position, more: readonly ViewWrite[]): Promise<void> {
    const writes: ViewWrite[] = [];
    const changes = new Map<string, readonly DocumentChange[]>();
    for (const each of this.#collections) {
      const changed: DocumentChange[] = [];
      for (let from = 0; from < each.changedCount; from += COLLECTED_AT_ONCE) {
        each.collect(writes, changed, from, COLLECTED_AT_ONCE);
        // Commands have their turn, however much one event has changed.
        if (from + COLLECTED_AT_ONCE < each.changedCount) await this.#giveWay();
      }
      if (changed.length > 0) changes.set(each.layout.name, changed);
    }
    for (const write of more) writes.push(write);
    writes.push({ table: "rows", key: checkpointKey(this.#generation), value: position });
    await this.#store.write(writes);
    for (const each of this.#collections) {
      each.flushed();
      each.trim(CACHED_BYTES_MAX / this.#collections.length);
    }
    this.#empty = true;
    this.#onChanged(changes, position);
  }

  reset(): void {
    for (const each of this.#collections) each.reset();
    this.#empty = true;
  }

  storedPosition(): Position {
    return checkpointOf(this.#store, this.#generation);
  }
}
