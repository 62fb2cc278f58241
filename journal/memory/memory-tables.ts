/** The maps of the journal in memory: how a commit changes them, and how they are listed and read. */
import { EMPTY_DATA, type Position, type RecordedEvent } from "../../src/kernel/event.js";
import { streamTypeOf, type StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, isExpired, listedClaim, replayClaim, type ClaimState } from "../claims.js";
import { decode, encode } from "../codec.js";
import type { ListedClaim, ListedStream, ListOptions } from "../journal.js";
import { checkListOptions, compareIds, isListed } from "../listing.js";
import type { CommitRecord } from "../record.js";

export function listedStreams(
  streams: ReadonlyMap<StreamId, readonly RecordedEvent[]>,
  options: ListOptions,
): ListedStream[] {
  checkListOptions(options);
  return [...streams]
    .filter(([streamId]) => isListed(streamId, options))
    .sort(([a], [b]) => compareIds(a, b))
    .slice(0, options.limit)
    .map(([streamId, { length: version }]) => ({ streamId, version }));
}

export function eventTypesOf(
  streams: ReadonlyMap<StreamId, readonly RecordedEvent[]>,
  streamType: string,
): string[] {
  const types = new Set<string>();
  for (const [streamId, events] of streams)
    if (streamTypeOf(streamId) === streamType) for (const { type } of events) types.add(type);
  return [...types].sort();
}

export function listedClaims(
  claims: ReadonlyMap<string, ClaimState>,
  options: ListOptions,
  nowMs: number,
): ListedClaim[] {
  checkListOptions(options);
  return [...claims]
    .filter(([mapKey, state]) => isListed(mapKey, options) && !isExpired(state, nowMs))
    .sort(([a], [b]) => compareIds(a, b))
    .slice(0, options.limit)
    .map(([mapKey, state]) => listedClaim(mapKey, state));
}

export function replayInto(
  claims: Map<string, ClaimState>,
  claim: CommitRecord["claims"][number],
  position: Position,
): void {
  const mapKey = claimKeyOf(claim.name, claim.key);
  const after = replayClaim(claim, claims.get(mapKey), position);
  if (after === undefined) claims.delete(mapKey);
  else claims.set(mapKey, after);
}

/** A reader may change what it was given; the next reader must not notice. */
export function copyOf(event: RecordedEvent): RecordedEvent {
  return {
    ...event,
    data: event.data === EMPTY_DATA ? event.data : decode(encode(event.data)),
  };
}
