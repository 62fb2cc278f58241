/**
 * The tail of the index: what is durable in the log and not yet in the persisted index, kept in memory. A tail is only
 * added to; when it is written out as a whole, a new one takes its place and it is frozen until the write is done.
 */
import type { Position, Version } from "../../src/kernel/event.js";
import { streamTypeOf, type StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, replayClaim, type ClaimState } from "../claims.js";
import { copyForStream, decodeCopy, type CommitRecord, type RecordPart } from "../record.js";
import type { LoggedRecord, RecordAddress } from "./log-row.js";

/** What a tail knows of one stream. */
export interface StreamTail {
  /** Version of the first event in this tail. */
  readonly firstVersion: Version;
  version: Version;
  /** 0 where this tail truncates nothing. */
  truncateBefore: Version;
  /** Of each commit: its first version in this stream, and its record as bytes. */
  readonly firstVersions: Version[];
  readonly copies: Uint8Array[];
}

/** A pair of stream type and event type. */
export interface Kind {
  readonly streamType: string;
  readonly eventType: string;
  /** Where the records with such an event stand in the log, ascending, each once. */
  readonly addresses: RecordAddress[];
}

export class IndexTail {
  readonly #storeId: string;
  readonly streams = new Map<StreamId, StreamTail>();
  /** Where the records stand that answered. */
  readonly commands = new Map<string, RecordAddress>();
  /** Null where the claim was released. */
  readonly claims = new Map<string, ClaimState | null>();
  readonly #kinds = new Map<string, Map<string, Kind>>();
  commitCount = 0;
  byteCount = 0;
  /** Of the last commit added: where it stands, and the position of its last event. */
  lastAddress: RecordAddress = 0;
  lastPosition: Position = 0;

  constructor(storeId: string) {
    this.#storeId = storeId;
  }

  /** `claimBefore` answers for claims that this tail hasn't seen. */
  add(logged: LoggedRecord, claimBefore: (mapKey: string) => ClaimState | undefined): void {
    const { record, address } = logged;
    let position = record.position;
    for (const part of record.parts) {
      this.#addPart(logged, part);
      position += part.events.length;
    }
    if (record.commandId !== undefined) this.commands.set(record.commandId, address);
    for (const claim of record.claims) {
      const mapKey = claimKeyOf(claim.name, claim.key);
      const before = this.claims.get(mapKey);
      const state = replayClaim(
        claim,
        before === undefined ? claimBefore(mapKey) : (before ?? undefined),
        record.position,
      );
      this.claims.set(mapKey, state ?? null);
    }
    this.commitCount += 1;
    this.lastAddress = address;
    this.lastPosition = position - 1;
  }

  #addPart(logged: LoggedRecord, part: RecordPart): void {
    const { address } = logged;
    const count = part.events.length;
    const copy = copyForStream(this.#storeId, logged, part.streamId);
    this.byteCount += copy.length;
    const stream = this.streams.get(part.streamId);
    if (stream === undefined) {
      this.streams.set(part.streamId, {
        firstVersion: part.firstVersion,
        version: part.firstVersion + count - 1,
        truncateBefore: part.truncateBefore,
        firstVersions: [part.firstVersion],
        copies: [copy],
      });
    } else {
      stream.version += count;
      if (part.truncateBefore > 0) stream.truncateBefore = part.truncateBefore;
      stream.firstVersions.push(part.firstVersion);
      stream.copies.push(copy);
    }
    const streamType = streamTypeOf(part.streamId);
    for (const event of part.events) {
      const { addresses } = this.#kind(streamType, event.type);
      if (addresses[addresses.length - 1] !== address) addresses.push(address);
    }
  }

  #kind(streamType: string, eventType: string): Kind {
    let byType = this.#kinds.get(streamType);
    if (byType === undefined) {
      byType = new Map<string, Kind>();
      this.#kinds.set(streamType, byType);
    }
    let kind = byType.get(eventType);
    if (kind === undefined)
      byType.set(eventType, (kind = { streamType, eventType, addresses: [] }));
    return kind;
  }

  *kinds(): Generator<Kind> {
    for (const byType of this.#kinds.values()) yield* byType.values();
  }

  addressesOfKind(streamType: string, eventType: string): readonly RecordAddress[] {
    return this.#kinds.get(streamType)?.get(eventType)?.addresses ?? [];
  }
}

/** Commits decoded at a time. */
const RUN_COMMITS = 32;

/** Some consecutive commits of a stream, ascending: the one that holds `version`, and those in the direction of `step`. */
export function commitsAround(stream: StreamTail, version: Version, step: 1 | -1): CommitRecord[] {
  const at = lastUpTo(stream.firstVersions, version);
  const from = step > 0 ? at : Math.max(0, at - RUN_COMMITS + 1);
  const to = step > 0 ? at + RUN_COMMITS : at + 1;
  return stream.copies.slice(from, to).map(decodeCopy);
}

/** Index of the last number not above `bound`, in ascending numbers whose first isn't above it. */
function lastUpTo(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((ascending[middle] as number) <= bound) low = middle;
    else high = middle - 1;
  }
  return low;
}
