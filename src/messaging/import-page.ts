/**
 * What is to be done with a page of messages, decided without doing it. Messages may come twice, late and in any order; what
 * names its place in its own journal is taken in that order, and once.
 *
 * ```
 * position <= reached                   known: nothing is to be done
 * previous <= reached < position        next: taken
 * previous > reached                    something before it isn't here yet: it waits, with all behind it
 * ```
 *
 * Of a store that is new here 0 is reached. Where the log doesn't go back to its first event, it begins with the lowest that
 * was ever seen, once some message says that what stands before that one was in the log earlier: then it is gone, and not late.
 */
import type { Position } from "../kernel/event.js";
import { asError } from "../kernel/errors.js";
import type { Limits } from "../kernel/limits.js";
import { validated } from "../kernel/standard-schema.js";
import {
  acknowledgedOf,
  entityOf,
  eventTypeOf,
  foreignEventOf,
  placeOf,
  type ForeignEvent,
  type Place,
} from "./event-wire.js";
import type { StoreProgress } from "./import-records.js";
import type { RemoteAggregate } from "./remote.js";
import type { Delivery, WireMessage } from "./transport.js";

/** What is to be done with one message. */
export type ImportStep = {
  /** Undefined for a message that wasn't published by a relay. */
  readonly place: Place | undefined;
  readonly message: WireMessage;
};

/** What is known anew of a store whose first event isn't in the log. */
export interface Beginning {
  readonly storeId: string;
  /** Position that counts as reached; 0 while something may still come before. */
  readonly reached: Position;
  /** Position of the lowest message that was seen. */
  readonly lowest: Position;
}

/** Messages of one store that wait for one that isn't here. */
export interface WaitingFor {
  readonly storeId: string;
  readonly reached: Position;
  /** Position of the message that must come first. */
  readonly missing: Position;
}

export interface PagePlan {
  /** To be noted before the steps. */
  readonly beginnings: readonly Beginning[];
  readonly steps: readonly ImportStep[];
  /** How many of the page, from its beginning, are done once the steps are. */
  readonly done: number;
  readonly duplicates: number;
  readonly waiting: readonly WaitingFor[];
}

/** What a page is judged by. */
export interface PageContext {
  readonly stores: ReadonlyMap<string, StoreProgress>;
  /** By store: everything up to there was in the log before some message that was seen. Kept up to date here. */
  readonly acknowledged: Map<string, Position>;
  /** What this store has published itself, before the aggregate moved elsewhere, is here already. */
  readonly ownStoreId: string;
  readonly limits: Limits;
}

interface Placed {
  readonly index: number;
  readonly message: WireMessage;
  readonly place: Place | undefined;
}

export function planPage(page: readonly Delivery[], context: PageContext): PagePlan {
  const { stores, ownStoreId } = context;
  const placed = inOrder(page, context.limits);
  const beginnings = beginningsOf(placed, context);
  const reached = new Map([...stores].map(([storeId, { position }]) => [storeId, position]));
  for (const beginning of beginnings) reached.set(beginning.storeId, beginning.reached);
  const waiting = new Map<string, WaitingFor>();
  const steps: ImportStep[] = [];
  let done = page.length;
  let duplicates = 0;
  for (const { index, message, place } of placed) {
    if (place === undefined) {
      steps.push({ place, message });
      continue;
    }
    const { storeId, position, previous } = place;
    const at = reached.get(storeId) ?? 0;
    if (storeId === ownStoreId || position <= at) {
      duplicates += 1;
    } else if (previous > at) {
      done = Math.min(done, index);
      if (!waiting.has(storeId)) waiting.set(storeId, { storeId, reached: at, missing: previous });
    } else {
      reached.set(storeId, position);
      steps.push({ place, message });
    }
  }
  return { beginnings, steps, done, duplicates, waiting: [...waiting.values()] };
}

function inOrder(page: readonly Delivery[], limits: Limits): Placed[] {
  const placed = page.map(({ message }, index): Placed => {
    return { index, message, place: placeOf(message, limits) };
  });
  return placed.sort(
    (a, b) => (a.place?.position ?? 0) - (b.place?.position ?? 0) || a.index - b.index,
  );
}

function beginningsOf(placed: readonly Placed[], context: PageContext): Beginning[] {
  const { stores, acknowledged, limits, ownStoreId } = context;
  const first = new Map<string, Place>();
  for (const { place, message } of placed) {
    if (place === undefined || place.storeId === ownStoreId) continue;
    const { storeId } = place;
    if ((stores.get(storeId)?.position ?? 0) > 0) continue;
    if (!first.has(storeId)) first.set(storeId, place);
    const known = acknowledged.get(storeId) ?? 0;
    acknowledged.set(storeId, Math.max(known, acknowledgedOf(message, limits)));
  }
  return [...first.values()].flatMap((place): Beginning[] => {
    const { storeId, position, previous } = place;
    const sighted = stores.get(storeId)?.startedAt ?? Infinity;
    // The lowest one stands in another page.
    if (previous === 0 || position > sighted) return [];
    const isGone = previous <= (acknowledged.get(storeId) ?? 0);
    if (!isGone && position === sighted) return [];
    return [{ storeId, reached: isGone ? previous : 0, lowest: position }];
  });
}

/** What a message turns out to be. */
export type Inspected =
  | { readonly kind: "event"; readonly event: ForeignEvent }
  /** Of a type that isn't taken. */
  | { readonly kind: "unwanted" }
  | { readonly kind: "bad"; readonly entityId: string | undefined; readonly error: Error };

/** Looks into messages of one remote aggregate. */
export class MessageInspector {
  readonly #remote: RemoteAggregate;
  readonly #limits: Limits;
  readonly #wanted: ReadonlySet<string>;

  constructor(remote: RemoteAggregate, limits: Limits) {
    this.#remote = remote;
    this.#limits = limits;
    const { eventTypes = [], behavior } = remote;
    this.#wanted = new Set(behavior.upcasters.storedTypesFor(eventTypes));
  }

  inspect(message: WireMessage): Inspected {
    const type = eventTypeOf(message, this.#limits);
    if (type !== undefined && !this.#wanted.has(type)) return { kind: "unwanted" };
    try {
      const event = foreignEventOf(message, this.#remote.name, this.#limits);
      this.#check(event);
      return { kind: "event", event };
    } catch (error) {
      const entityId = entityOf(message, this.#limits);
      return { kind: "bad", entityId, error: asError(error) };
    }
  }

  /** As those who follow it will read it. */
  #check(event: ForeignEvent): void {
    const { upcasters } = this.#remote.behavior;
    const { events: schemas = {} } = this.#remote.schemas;
    const { type, shape, data, version, recordedAtMs, entityId } = event;
    const streamId = `${this.#remote.name}/${entityId}`;
    const stored = { type, shape, data, streamId, version, position: 0, recordedAtMs };
    for (const today of upcasters.upcast(stored)) {
      const schema = Object.hasOwn(schemas, today.type) ? schemas[today.type] : undefined;
      if (schema !== undefined) validated(`data of event ${today.type}`, schema, today.data);
    }
  }
}
