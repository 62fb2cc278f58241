/**
 * The index as readers see it: the persisted tables, then the tail being written out (if any), then the tail growing in
 * memory. A layer may repeat what the one below has just taken over; positions ascend, so what isn't higher than the
 * last one seen is a repetition.
 */
import type { Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, isExpired, listedClaim, type ClaimState } from "../claims.js";
import type { EventFilter, ListedClaim, ListedStream, ListOptions } from "../journal.js";
import { compareIds, isListed } from "../listing.js";
import { decodeCopies, type CommitRecord } from "../record.js";
import { commitsAround, IndexTail } from "./index-tail.js";
import type { LoggedRecord, RecordAddress } from "./log-row.js";
import type { IndexStore } from "./index-store.js";

/** Where to begin with a stream. */
export interface StreamBeginning {
  /** The versions that can be read; `version` is 0 where there is no stream. */
  readonly start: Version;
  readonly version: Version;
  /** Lower versions are in full chunks, for good. */
  readonly chunkedBelow: Version;
  /** Consecutive commits, ascending, the wanted version among them, where they were at hand. */
  readonly commits: readonly CommitRecord[] | undefined;
}

export class JournalIndex {
  readonly #storeId: string;
  readonly #store: IndexStore;
  #writing: IndexTail | undefined;
  #growing: IndexTail;

  constructor(storeId: string, store: IndexStore) {
    this.#storeId = storeId;
    this.#store = store;
    this.#growing = new IndexTail(storeId);
  }

  /** Commits in memory only. */
  unindexedCommits(): number {
    return this.#growing.commitCount + (this.#writing?.commitCount ?? 0);
  }

  /** Bytes of the commits in memory only. */
  unindexedBytes(): number {
    return this.#growing.byteCount + (this.#writing?.byteCount ?? 0);
  }

  growing(): { readonly commitCount: number; readonly byteCount: number } {
    return this.#growing;
  }

  add(logged: LoggedRecord): void {
    this.#growing.add(logged, this.#claimBelow);
  }

  /** Freezes the growing tail to be written out. Only one at a time. */
  beginWrite(): IndexTail {
    this.#writing = this.#growing;
    this.#growing = new IndexTail(this.#storeId);
    return this.#writing;
  }

  /** The frozen tail is in the persisted index. */
  endWrite(): void {
    this.#writing = undefined;
  }

  /** Forgets the tails: the persisted index has caught up with them, or a reader begins anew. */
  reset(): void {
    this.#writing = undefined;
    this.#growing = new IndexTail(this.#storeId);
  }

  #tails(): IndexTail[] {
    return this.#writing === undefined ? [this.#growing] : [this.#writing, this.#growing];
  }

  streamVersion(streamId: StreamId): Version {
    const inTail = this.#growing.streams.get(streamId) ?? this.#writing?.streams.get(streamId);
    return inTail?.version ?? this.#store.stream(streamId)?.version ?? 0;
  }

  /** `wanted` is the version that will be asked for first, if it can be read. */
  begin(streamId: StreamId, wanted: Version): StreamBeginning {
    const row = this.#store.stream(streamId);
    let version = row?.version ?? 0;
    let start = row?.truncateBefore ?? 0;
    for (const tail of this.#tails()) {
      const stream = tail.streams.get(streamId);
      if (stream === undefined) continue;
      version = stream.version;
      if (stream.truncateBefore > 0) start = stream.truncateBefore;
    }
    start = Math.max(start, 1);
    const first = Math.min(Math.max(wanted, start), version);
    const atHand = row !== undefined && first >= row.copiesFrom && first <= row.version;
    const commits = atHand ? decodeCopies(row.copies) : undefined;
    return { start, version, chunkedBelow: row?.copiesFrom ?? 0, commits };
  }

  /**
   * Some consecutive commits of a stream, ascending: the one that holds `version`, and some in the direction of `step`.
   * None where no commit holds it.
   */
  commitsAround(
    streamId: StreamId,
    version: Version,
    step: 1 | -1,
    chunkedBelow = 0,
  ): readonly CommitRecord[] {
    if (version < chunkedBelow) return this.#store.chunkWith(streamId, version);
    for (const tail of [this.#growing, this.#writing]) {
      const stream = tail?.streams.get(streamId);
      if (stream !== undefined && version >= stream.firstVersion)
        return version <= stream.version ? commitsAround(stream, version, step) : [];
    }
    const row = this.#store.stream(streamId);
    if (row === undefined || version > row.version) return [];
    return version >= row.copiesFrom
      ? decodeCopies(row.copies)
      : this.#store.chunkWith(streamId, version);
  }

  /** Command ids that are kept, about: while a tail is written out, its ids may count twice. */
  commandIds(): number {
    const inMemory = this.#growing.commands.size + (this.#writing?.commands.size ?? 0);
    return this.#store.commandCount() + inMemory;
  }

  /** Where the record stands that answered a command. */
  commandAddress(commandId: string): RecordAddress | undefined {
    return (
      this.#growing.commands.get(commandId) ??
      this.#writing?.commands.get(commandId) ??
      this.#store.command(commandId)
    );
  }

  claim(name: string, key: string): ClaimState | undefined {
    const mapKey = claimKeyOf(name, key);
    const state = this.#growing.claims.get(mapKey);
    return state === undefined ? this.#claimBelow(mapKey) : (state ?? undefined);
  }

  readonly #claimBelow = (mapKey: string): ClaimState | undefined => {
    const state = this.#writing?.claims.get(mapKey);
    return state === undefined ? this.#store.claim(mapKey) : (state ?? undefined);
  };

  /** Streams in order of their ids. */
  listStreams(options: ListOptions): ListedStream[] {
    const inTails = new Map<StreamId, Version>();
    for (const tail of this.#tails())
      for (const [streamId, { version }] of tail.streams)
        if (isListed(streamId, options)) inTails.set(streamId, version);
    return listed(this.#store.listStreams(options), inTails, options.limit).map(
      ([streamId, version]) => ({ streamId, version }),
    );
  }

  /** Claims in order of their keys, but those that have expired. */
  listClaims(options: ListOptions, nowMs: number): ListedClaim[] {
    const inTails = new Map<string, ClaimState | undefined>();
    for (const tail of this.#tails())
      for (const [mapKey, state] of tail.claims)
        if (isListed(mapKey, options)) inTails.set(mapKey, visible(state, nowMs));
    const stored = visibleOnly(this.#store.listClaims(options), nowMs);
    return listed(stored, inTails, options.limit).map(([mapKey, state]) =>
      listedClaim(mapKey, state),
    );
  }

  eventTypes(streamType: string): string[] {
    const types = new Set<string>();
    for (const [type, eventType] of this.#kinds()) if (type === streamType) types.add(eventType);
    return [...types].sort();
  }

  *#kinds(): Generator<readonly [streamType: string, eventType: string]> {
    yield* this.#store.kinds.list();
    for (const tail of this.#tails())
      for (const { streamType, eventType } of tail.kinds()) yield [streamType, eventType];
  }

  /** Where the records stand with an event that the filter may admit, ascending, each once, from `from` on. */
  filteredAddresses(filter: EventFilter, from: RecordAddress): Generator<RecordAddress> {
    const seen = new Set<string>();
    const sources: Generator<RecordAddress>[] = [];
    for (const [streamType, eventType] of this.#kinds()) {
      const key = `${streamType}/${eventType}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (filter.streamTypes !== undefined && !filter.streamTypes.includes(streamType)) continue;
      if (filter.eventTypes !== undefined && !filter.eventTypes.includes(eventType)) continue;
      sources.push(this.#addressesOfKind(streamType, eventType, from));
    }
    return merged(sources);
  }

  *#addressesOfKind(
    streamType: string,
    eventType: string,
    from: RecordAddress,
  ): Generator<RecordAddress> {
    let last = from - 1;
    for (const address of this.#store.kinds.addresses(streamType, eventType, from))
      yield (last = address);
    for (const tail of this.#tails()) {
      const addresses = tail.addressesOfKind(streamType, eventType);
      for (let at = firstAbove(addresses, last); at < addresses.length; at++)
        yield (last = addresses[at] as RecordAddress);
    }
  }
}

/** What the tails know better, or hide where it is undefined, takes the place of what is stored. */
function listed<T>(
  stored: Iterable<readonly [id: string, value: T]>,
  inTails: ReadonlyMap<string, T | undefined>,
  limit: number,
): [id: string, value: T][] {
  const found: [string, T][] = [];
  for (const [id, value] of stored) {
    if (inTails.has(id)) continue;
    found.push([id, value]);
    if (found.length === limit) break;
  }
  for (const [id, value] of inTails) if (value !== undefined) found.push([id, value]);
  return found.sort(([a], [b]) => compareIds(a, b)).slice(0, limit);
}

function visible(state: ClaimState | null, nowMs: number): ClaimState | undefined {
  return state === null || isExpired(state, nowMs) ? undefined : state;
}

function* visibleOnly(
  claims: Iterable<readonly [string, ClaimState]>,
  nowMs: number,
): Generator<readonly [string, ClaimState]> {
  for (const claim of claims) if (!isExpired(claim[1], nowMs)) yield claim;
}

/** Index of the first number above `bound` in ascending numbers. */
function firstAbove(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] as number) <= bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ascending sources merged into one, repetitions left out. Sources are few (pairs of types), so a scan of heads will do. */
function* merged(sources: Generator<number>[]): Generator<number> {
  try {
    const heads = sources.map((source) => source.next());
    for (;;) {
      let lowest = Infinity;
      for (const head of heads) if (head.done !== true && head.value < lowest) lowest = head.value;
      if (lowest === Infinity) return;
      yield lowest;
      for (let at = 0; at < heads.length; at++) {
        const head = heads[at];
        if (head?.done !== true && head?.value === lowest)
          heads[at] = (sources[at] as Generator<number>).next();
      }
    }
  } finally {
    // One that isn't at its end has a cursor open, and with it a view of the file whose pages can't be used again.
    for (const source of sources) source.return(undefined);
  }
}
