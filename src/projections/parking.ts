/**
 * Parked events: those whose handler keeps failing, and all later ones of the same key, in order. They are rows in the view
 * store, written in the transaction in which the reader's position passes them, so none is lost and none is handled twice.
 *
 * ```
 * rows   ["parked", reader, key, position]   { streamId, eventType, queued, … }
 * ```
 */
import type { ViewKey, ViewReader, ViewStore, ViewWrite } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import type { HandlerFailedError } from "./errors.js";

/** Who parks: a generation of a projection by its number, a reactor by its name. */
export type ParkingReader = number | string;

/** An event that waits to be replayed or discarded. */
export interface ParkedEvent {
  readonly key: string;
  readonly position: Position;
  readonly streamId: string;
  readonly eventType: string;
  /** It didn't fail itself, but stands behind one that did. */
  readonly queued: boolean;
  /** What the handler threw last; undefined while it is queued. */
  readonly error: string | undefined;
  readonly attempts: number;
  readonly parkedAtMs: number;
}

const TABLE = "rows";
/** Beyond it the reader stops: something is wrong with it, not with some events. */
const PARKED_MAX = 100_000;

/** @param failed - What it failed with, and how often; undefined where it only stands behind one that did. */
export function parkedEventOf(
  event: RecordedEvent,
  key: string,
  failed: { readonly error: HandlerFailedError; readonly attempts: number } | undefined,
  parkedAtMs: number,
): ParkedEvent {
  const { position, streamId, type: eventType } = event;
  return handedOn(failed?.error, {
    ...{ key, position, streamId, eventType },
    queued: failed === undefined,
    error: failed === undefined ? undefined : asError(failed.error.cause).message,
    attempts: failed?.attempts ?? 0,
    parkedAtMs,
  });
}

/** Everything that a reader has parked. */
function parkedBy(reader: ParkingReader, key?: string) {
  const prefix = ["parked", reader, ...(key === undefined ? [] : [key])];
  const last = prefix[prefix.length - 1] as number | string;
  const successor = typeof last === "number" ? last + 1 : `${last}\0`;
  return { from: prefix, before: [...prefix.slice(0, -1), successor] };
}

/** Under whichever key. It costs a look at all that is parked. */
export function isParkedAt(views: ViewReader, reader: ParkingReader, position: Position): boolean {
  for (const [, , , at] of views.keys(TABLE, parkedBy(reader))) if (at === position) return true;
  return false;
}

export function parkedCount(views: ViewReader, reader: ParkingReader): number {
  return views.count(TABLE, parkedBy(reader));
}

export class Parking {
  readonly #store: ViewStore;
  readonly #reader: ParkingReader;
  /** Events a key, as stored. */
  readonly #stored = new Map<string, number>();
  #count = 0;
  /** To be written with the next checkpoint. */
  #pending: ParkedEvent[] = [];
  readonly #pendingKeys = new Set<string>();

  constructor(store: ViewStore, reader: ParkingReader) {
    this.#store = store;
    this.#reader = reader;
    this.reload();
  }

  /** Counts anew what is on disk. */
  reload(): void {
    this.#stored.clear();
    this.#count = 0;
    for (const key of this.#store.keys(TABLE, parkedBy(this.#reader)))
      this.#counted(key[2] as string, 1);
  }

  /** Events parked, written or about to be. */
  get count(): number {
    return this.#count + this.#pending.length;
  }

  get isFull(): boolean {
    return this.count >= PARKED_MAX;
  }

  has(key: string): boolean {
    return this.#stored.has(key) || this.#pendingKeys.has(key);
  }

  /** Parks with the next checkpoint. */
  add(event: ParkedEvent): void {
    this.#pending.push(event);
    this.#pendingKeys.add(event.key);
  }

  /** What is to be written with the checkpoint. */
  writes(): ViewWrite[] {
    return this.#pending.map((event) => this.writeOf(event));
  }

  writeOf(event: ParkedEvent): ViewWrite {
    const { key, position, error, ...rest } = event;
    const value = { ...rest, ...(error === undefined ? {} : { error }) };
    return handedOn(event, { table: TABLE, key: this.#keyOf(key, position), value });
  }

  removalOf({ key, position }: ParkedEvent): ViewWrite {
    return { table: TABLE, key: this.#keyOf(key, position), value: undefined };
  }

  /** The writes are on disk. */
  written(): void {
    for (const { key } of this.#pending) this.#counted(key, 1);
    this.reset();
  }

  /** What was parked since the last checkpoint doesn't count. */
  reset(): void {
    this.#pending = [];
    this.#pendingKeys.clear();
  }

  /** So many of a key are gone from the disk. */
  removed(key: string, count: number): void {
    this.#counted(key, -count);
  }

  /** What is parked and on disk, by key and then in order. */
  list(options: { readonly key?: string; readonly limit?: number } = {}): ParkedEvent[] {
    const { key, limit } = options;
    const range = { ...parkedBy(this.#reader, key), ...(limit === undefined ? {} : { limit }) };
    return [...this.#store.rows(TABLE, range)].map((row) => {
      const stored = row.value as Omit<ParkedEvent, "key" | "position" | "error"> & {
        readonly error?: string;
      };
      const [, , key, position] = row.key as [string, ParkingReader, string, Position];
      return handedOn(row.value, { ...stored, error: stored.error, key, position });
    });
  }

  keys(): readonly string[] {
    return [...this.#stored.keys()];
  }

  #keyOf(key: string, position: Position): ViewKey {
    return ["parked", this.#reader, key, position];
  }

  #counted(key: string, change: number): void {
    const count = (this.#stored.get(key) ?? 0) + change;
    this.#count += change;
    if (count <= 0) this.#stored.delete(key);
    else this.#stored.set(key, count);
  }
}
