/**
 * The index as readers see it: the persisted tables, then the tail being written out (if any), then the tail growing in
 * memory. A layer may repeat what the one below has just taken over; positions ascend, so what isn't higher than the
 * last one seen is a repetition.
 */
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, type ClaimState } from "../claims.js";
import type { EventFilter } from "../journal.js";
import type { CommitRecord } from "../record.js";
import { IndexTail } from "./index-tail.js";
import type { IndexStore } from "./index-store.js";

/** One commit of a stream: where its record is, and which versions it holds. */
export interface StreamEntry {
  readonly position: Position;
  readonly firstVersion: Version;
  readonly count: number;
}

export class JournalIndex {
  readonly #store: IndexStore;
  #writing: IndexTail | undefined;
  #growing = new IndexTail();

  constructor(store: IndexStore) {
    this.#store = store;
  }

  /** Commits in memory only. */
  unindexedCommits(): number {
    return this.#growing.commitCount + (this.#writing?.commitCount ?? 0);
  }

  growingCommits(): number {
    return this.#growing.commitCount;
  }

  add(record: CommitRecord): void {
    this.#growing.add(record, (mapKey) => this.#claimBelow(mapKey));
  }

  /** Freezes the growing tail to be written out. Only one at a time. */
  beginWrite(): IndexTail {
    this.#writing = this.#growing;
    this.#growing = new IndexTail();
    return this.#writing;
  }

  /** The frozen tail is in the persisted index. */
  endWrite(): void {
    this.#writing = undefined;
  }

  /** Forgets the tails: the persisted index has caught up with them, or a reader begins anew. */
  reset(): void {
    this.#writing = undefined;
    this.#growing = new IndexTail();
  }

  #tails(): IndexTail[] {
    return this.#writing === undefined ? [this.#growing] : [this.#writing, this.#growing];
  }

  streamVersion(streamId: StreamId): Version {
    const inTail = this.#growing.streams.get(streamId) ?? this.#writing?.streams.get(streamId);
    return inTail?.version ?? this.#store.stream(streamId)?.version ?? 0;
  }

  /** The first version that may be read. */
  streamStart(streamId: StreamId): Version {
    let start = this.#store.stream(streamId)?.truncateBefore ?? 0;
    for (const tail of this.#tails()) {
      const truncateBefore = tail.streams.get(streamId)?.truncateBefore ?? 0;
      if (truncateBefore > 0) start = truncateBefore;
    }
    return Math.max(start, 1);
  }

  /** The commits that hold versions from `from` on, ascending. */
  *entriesForward(streamId: StreamId, from: Version): Generator<StreamEntry> {
    const row = this.#store.stream(streamId);
    let next = from;
    if (row !== undefined) {
      if (from < row.chunkFirstVersion) {
        for (const chunk of this.#store.chunks(
          streamId,
          from,
          row.chunkFirstVersion - 1,
          "forward",
        )) {
          yield* entriesOf(chunk.firstVersion, chunk.entries, next);
          next = Math.max(next, chunk.lastVersion + 1);
        }
      }
      yield* entriesOf(row.chunkFirstVersion, row.entries, next);
      next = Math.max(next, row.version + 1);
    }
    for (const tail of this.#tails()) {
      const stream = tail.streams.get(streamId);
      if (stream === undefined) continue;
      yield* entriesOf(stream.firstVersion, stream.entries, next);
      next = Math.max(next, stream.version + 1);
    }
  }

  /** The commits that hold versions up to `upTo`, descending. */
  *entriesBackward(streamId: StreamId, upTo: Version): Generator<StreamEntry> {
    const row = this.#store.stream(streamId);
    const persisted = row?.version ?? 0;
    for (const tail of this.#tails().reverse()) {
      const stream = tail.streams.get(streamId);
      if (stream === undefined) continue;
      // What the row already has is left to the row.
      const entries = [...entriesOf(stream.firstVersion, stream.entries, persisted + 1)].reverse();
      for (const entry of entries) if (entry.firstVersion <= upTo) yield entry;
    }
    if (row === undefined) return;
    const open = [...entriesOf(row.chunkFirstVersion, row.entries, 1)].reverse();
    for (const entry of open) if (entry.firstVersion <= upTo) yield entry;
    if (row.chunkFirstVersion === 1) return;
    for (const chunk of this.#store.chunks(
      streamId,
      1,
      Math.min(upTo, row.chunkFirstVersion - 1),
      "backward",
    )) {
      const sealed = [...entriesOf(chunk.firstVersion, chunk.entries, 1)].reverse();
      for (const entry of sealed) if (entry.firstVersion <= upTo) yield entry;
    }
  }

  commandPosition(commandId: string): Position | undefined {
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

  #claimBelow(mapKey: string): ClaimState | undefined {
    const state = this.#writing?.claims.get(mapKey);
    return state === undefined ? this.#store.claim(mapKey) : (state ?? undefined);
  }

  eventTypes(streamType: string): string[] {
    const types = new Set<string>();
    for (const [type, eventType] of this.#kinds()) if (type === streamType) types.add(eventType);
    return [...types].sort();
  }

  *#kinds(): Generator<readonly [streamType: string, eventType: string]> {
    yield* this.#store.kinds();
    for (const tail of this.#tails())
      for (const { streamType, eventType } of tail.kinds()) yield [streamType, eventType];
  }

  /** Positions of the commits with an event that the filter may admit, ascending, each once, from `from` on. */
  filteredPositions(filter: EventFilter, from: Position): Generator<Position> {
    const seen = new Set<string>();
    const sources: Generator<Position>[] = [];
    for (const [streamType, eventType] of this.#kinds()) {
      const key = `${streamType}/${eventType}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (filter.streamTypes !== undefined && !filter.streamTypes.includes(streamType)) continue;
      if (filter.eventTypes !== undefined && !filter.eventTypes.includes(eventType)) continue;
      sources.push(this.#kindPositions(streamType, eventType, from));
    }
    return merged(sources);
  }

  *#kindPositions(streamType: string, eventType: string, from: Position): Generator<Position> {
    let last = from - 1;
    for (const position of this.#store.kindPositions(streamType, eventType, from))
      yield (last = position);
    for (const tail of this.#tails()) {
      const positions = tail.positionsOfKind(streamType, eventType);
      for (let at = firstAbove(positions, last); at < positions.length; at++)
        yield (last = positions[at] as Position);
    }
  }
}

/** The entries that hold versions from `from` on. */
function* entriesOf(
  firstVersion: Version,
  entries: readonly number[],
  from: Version,
): Generator<StreamEntry> {
  let version = firstVersion;
  for (let at = 0; at < entries.length; at += 2) {
    const count = entries[at + 1] as number;
    if (version + count > from)
      yield { position: entries[at] as number, firstVersion: version, count };
    version += count;
  }
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
function* merged(sources: Generator<Position>[]): Generator<Position> {
  const heads = sources.map((source) => source.next());
  for (;;) {
    let lowest = Infinity;
    for (const head of heads) if (head.done !== true && head.value < lowest) lowest = head.value;
    if (lowest === Infinity) return;
    yield lowest;
    for (let at = 0; at < heads.length; at++) {
      const head = heads[at];
      if (head?.done !== true && head?.value === lowest)
        heads[at] = (sources[at] as Generator<Position>).next();
    }
  }
}
