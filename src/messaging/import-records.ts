/**
 * What an importer records about itself, in the stream `tidemark/from:<aggregate>` of this journal, and the fold of it.
 *
 * ```
 * Received         { stores: { <store id>: [position, startedAt] }, parkedSince }     once a page at the most
 * MessageParked    { store, position, entityId, error, queued, parts }     with the position it passes
 * MessagePart      { bytes }    so many follow: together the message, as msgpack of [headers, payload]
 * ParkedReplayed   { at }       in the commit that records the event          at: version of its MessageParked
 * ParkedDiscarded  { at }
 * GapAccepted      { store, to }
 * ```
 *
 * `Received` says all there is to say of positions, and where the oldest message is that is still parked; so what is read when
 * a runtime is opened doesn't grow with the stream.
 */
import type { Journal } from "../../journal/index.js";
import type { Position, RecordedEvent, Version } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";

/** Type of the streams, as that of all records of Tidemark itself. */
export const RECORDS_STREAM_TYPE = "tidemark";
/** Header of every imported event with where it comes from. */
export const ORIGIN_HEADER = "tidemark.origin";

export type ImportRecordType =
  | "Received"
  | "MessageParked"
  | "MessagePart"
  | "ParkedReplayed"
  | "ParkedDiscarded"
  | "GapAccepted";

/** How far a store of another service was received. */
export interface StoreProgress {
  /** 0 while it isn't known whether something comes before the lowest message that was seen. */
  readonly position: Position;
  /** Position of the first message, where something stood before it that this service has never seen; else 0. */
  readonly startedAt: Position;
}

const NOTHING: StoreProgress = { position: 0, startedAt: 0 };

/** A parked message, without its bytes. */
export interface ParkedRef {
  /** Of its record in the stream. */
  readonly at: Version;
  readonly entityId: string | undefined;
}

/** What an imported event tells of its origin; plain data of a header. */
export interface Origin {
  readonly eventId: string;
  readonly version: Version;
  readonly recordedAtMs: number;
}

export function recordsStreamOf(aggregate: string): string {
  return streamIdOf(RECORDS_STREAM_TYPE, `from:${aggregate}`);
}

/** The fold: kept up to date by whoever records. */
export class ImportState {
  /** Of the stream. */
  version: Version = 0;
  readonly #stores = new Map<string, StoreProgress>();
  readonly #parked = new Map<Version, ParkedRef>();
  readonly #entities = new Map<string, number>();

  get stores(): ReadonlyMap<string, StoreProgress> {
    return this.#stores;
  }

  get parkedCount(): number {
    return this.#parked.size;
  }

  /** Oldest first. */
  parked(entityId?: string): ParkedRef[] {
    const all = [...this.#parked.values()];
    return entityId === undefined ? all : all.filter((each) => each.entityId === entityId);
  }

  isParked(entityId: string): boolean {
    return this.#entities.has(entityId);
  }

  advance(storeId: string, position: Position): void {
    const { position: reached, startedAt } = this.#stores.get(storeId) ?? NOTHING;
    // The first event came after all.
    const late = reached === 0 ? 0 : startedAt;
    this.#stores.set(storeId, { position: Math.max(reached, position), startedAt: late });
  }

  /** Notes where a store begins, whose first event isn't in the log. */
  begin(storeId: string, reached: Position, lowest: Position): void {
    this.#stores.set(storeId, { position: reached, startedAt: lowest });
  }

  /** Takes an advance back: what was to go with it wasn't admitted. */
  restore(storeId: string, before: StoreProgress | undefined): void {
    if (before === undefined) this.#stores.delete(storeId);
    else this.#stores.set(storeId, before);
  }

  park(ref: ParkedRef): void {
    this.#parked.set(ref.at, ref);
    const { entityId } = ref;
    if (entityId !== undefined)
      this.#entities.set(entityId, (this.#entities.get(entityId) ?? 0) + 1);
  }

  unpark(at: Version): void {
    const entityId = this.#parked.get(at)?.entityId;
    this.#parked.delete(at);
    if (entityId === undefined) return;
    const left = (this.#entities.get(entityId) ?? 1) - 1;
    if (left === 0) this.#entities.delete(entityId);
    else this.#entities.set(entityId, left);
  }

  /** Data of a `Received` that says what this state says. */
  received(): object {
    const stores: Record<string, readonly [Position, Position]> = {};
    for (const [storeId, { position, startedAt }] of this.#stores)
      stores[storeId] = [position, startedAt];
    const [oldest] = this.#parked.keys();
    return { stores, parkedSince: oldest ?? 0 };
  }

  /** The state as the journal has it. */
  static read(journal: Journal, aggregate: string): ImportState {
    const state = new ImportState();
    const streamId = recordsStreamOf(aggregate);
    state.version = journal.streamVersion(streamId);
    const last = lastReceived(journal, streamId);
    const parkedSince = last === undefined ? 1 : (last.data as Received).parkedSince;
    const from = parkedSince === 0 ? (last?.version ?? 1) : parkedSince;
    for (const record of journal.readStream(streamId, { from })) state.#apply(record);
    state.#readOrigins(journal, aggregate, last?.position ?? 0);
    return state;
  }

  #apply({ type, version, data }: RecordedEvent): void {
    switch (type as ImportRecordType) {
      case "Received": {
        const { stores } = data as Received;
        for (const [storeId, [position, startedAt]] of Object.entries(stores))
          this.begin(storeId, position, startedAt);
        return;
      }
      case "MessageParked": {
        const { store, position, entityId } = data as Parked;
        if (store !== undefined && position !== undefined) this.advance(store, position);
        return this.park({ at: version, entityId });
      }
      case "ParkedReplayed":
      case "ParkedDiscarded":
        return this.unpark((data as { readonly at: Version }).at);
      case "GapAccepted": {
        const { store, to } = data as { readonly store: string; readonly to: Position };
        return this.advance(store, to);
      }
      case "MessagePart":
        return;
    }
  }

  /** A kill in the middle of a page leaves events that no `Received` tells of: they tell it themselves. */
  #readOrigins(journal: Journal, aggregate: string, after: Position): void {
    const filter = { streamTypes: [aggregate] };
    const head = journal.head();
    for (let from = after; from < head;) {
      const page = journal.readPage({ after: from, upTo: head, limit: 1_000, filter });
      for (const { headers } of page.events) {
        const eventId = (headers?.[ORIGIN_HEADER] as Origin | undefined)?.eventId ?? "";
        const at = eventId.lastIndexOf(":");
        if (at > 0) this.advance(eventId.slice(0, at), Number(eventId.slice(at + 1)));
      }
      from = page.scannedTo;
    }
  }
}

interface Received {
  readonly stores: Readonly<Record<string, readonly [Position, Position]>>;
  readonly parkedSince: Version;
}

/** Data of a `MessageParked`. */
export interface Parked {
  /** Both undefined where the message doesn't say. */
  readonly store?: string;
  readonly position?: Position;
  readonly entityId?: string;
  readonly error?: string;
  /** It may be good itself, but stands behind one of its entity that isn't. */
  readonly queued: boolean;
  /** Records that follow with its bytes; 0 where it was too large to keep. */
  readonly parts: number;
}

function lastReceived(journal: Journal, streamId: string): RecordedEvent | undefined {
  for (const record of journal.readStream(streamId, { direction: "backward" }))
    if (record.type === "Received") return record;
  return undefined;
}
