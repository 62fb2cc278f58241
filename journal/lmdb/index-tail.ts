/**
 * The tail of the index: what is durable in the log and not yet in the persisted index, kept in memory. A tail is only
 * added to; when it is written out as a whole, a new one takes its place and it is frozen until the write is done.
 */
import type { Position, Version } from "../../src/kernel/event.js";
import { streamTypeOf, type StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, replayClaim, type ClaimState } from "../claims.js";
import type { CommitRecord, RecordPart } from "../record.js";

/** What a tail knows of one stream. */
export interface StreamTail {
  /** Version of the first event in this tail. */
  readonly firstVersion: Version;
  version: Version;
  /** 0 where this tail truncates nothing. */
  truncateBefore: Version;
  /** Pairs, flat: position of the commit, number of its events in this stream. */
  readonly entries: number[];
}

/** A pair of stream type and event type. */
export interface Kind {
  readonly streamType: string;
  readonly eventType: string;
  /** Positions of the commits with such an event, ascending, each once. */
  readonly positions: Position[];
}

export class IndexTail {
  readonly streams = new Map<StreamId, StreamTail>();
  readonly commands = new Map<string, Position>();
  /** Null where the claim was released. */
  readonly claims = new Map<string, ClaimState | null>();
  readonly #kinds = new Map<string, Map<string, Kind>>();
  commitCount = 0;
  /** Of the last commit added: where its record is, and the position of its last event. */
  lastCommitPosition: Position = 0;
  lastPosition: Position = 0;

  /** `claimBefore` answers for claims that this tail hasn't seen. */
  add(record: CommitRecord, claimBefore: (mapKey: string) => ClaimState | undefined): void {
    let position = record.position;
    for (const part of record.parts) {
      this.#addPart(record.position, part);
      position += part.events.length;
    }
    if (record.commandId !== undefined) this.commands.set(record.commandId, record.position);
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
    this.lastCommitPosition = record.position;
    this.lastPosition = position - 1;
  }

  #addPart(commitPosition: Position, part: RecordPart): void {
    const count = part.events.length;
    const stream = this.streams.get(part.streamId);
    if (stream === undefined) {
      this.streams.set(part.streamId, {
        firstVersion: part.firstVersion,
        version: part.firstVersion + count - 1,
        truncateBefore: part.truncateBefore,
        entries: [commitPosition, count],
      });
    } else {
      stream.version += count;
      if (part.truncateBefore > 0) stream.truncateBefore = part.truncateBefore;
      stream.entries.push(commitPosition, count);
    }
    const streamType = streamTypeOf(part.streamId);
    for (const event of part.events) {
      const { positions } = this.#kind(streamType, event.type);
      if (positions[positions.length - 1] !== commitPosition) positions.push(commitPosition);
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
      byType.set(eventType, (kind = { streamType, eventType, positions: [] }));
    return kind;
  }

  *kinds(): Generator<Kind> {
    for (const byType of this.#kinds.values()) yield* byType.values();
  }

  positionsOfKind(streamType: string, eventType: string): readonly Position[] {
    return this.#kinds.get(streamType)?.get(eventType)?.positions ?? [];
  }
}
