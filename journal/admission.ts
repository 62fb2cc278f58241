/**
 * Admission: everything that can be refused is refused here, before a position is given away. Both journals use this one
 * function, so they refuse the same things in the same order with the same errors.
 *
 * *shape and limits → duplicate command → expected versions → claims.*
 */
import { InvalidArgumentError, describe } from "../src/kernel/errors.js";
import { EMPTY_DATA, type Metadata, type Position, type Version } from "../src/kernel/event.js";
import { checkId, checkName, checkStreamId, type StreamId } from "../src/kernel/ids.js";
import { checkArray, checkInteger, checkObject } from "../src/kernel/check.js";
import type { Limits } from "../src/kernel/limits.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import { encode } from "./codec.js";
import { CommandIdReusedError, VersionConflictError, type ExpectedVersion } from "./errors.js";
import { isPlainlyRecordable, OwnedEvent } from "./owned-event.js";
import { applyClaims, type ClaimState } from "./claims.js";
import type { AppendRequest, NewEvent, StreamAppend } from "./journal.js";
import {
  encodeMetadata,
  NO_CLAIMS,
  type CommitRecord,
  type RecordEvent,
  type RecordPart,
} from "./record.js";

/** What admission must know of a journal: the state after everything admitted so far, durable or not. */
export interface AdmissionView {
  /** Version including what is admitted and not yet durable. */
  admittedVersion(streamId: StreamId): Version;
  /** The first stream of the commit that answered the command; undefined where it is new. */
  streamOfCommand(commandId: string): StreamId | undefined;
  admittedClaim(name: string, key: string): ClaimState | undefined;
}

/**
 * @returns The record to write at `position`, or `"duplicate"` where the command id is known.
 * @throws InvalidArgumentError, VersionConflictError, ClaimTakenError, ClaimNotHeldError, CommandIdReusedError -
 *   Nothing was changed.
 */
export function admit(
  request: AppendRequest,
  view: AdmissionView,
  limits: Limits,
  position: Position,
  nowMs: number,
): CommitRecord | "duplicate" {
  checkRequest(request, limits);
  const first = request.streams[0] as StreamAppend;
  if (request.commandId !== undefined && isDuplicate(request.commandId, first.streamId, view))
    return "duplicate";
  const parts: RecordPart[] = [];
  for (const stream of request.streams) {
    const version = view.admittedVersion(stream.streamId);
    checkExpected(stream, version);
    checkTruncation(stream, version);
    parts.push(partOf(stream, version));
  }
  return {
    position,
    recordedAtMs: nowMs,
    parts,
    commandId: request.commandId,
    metadata: request.metadata,
    claims:
      request.claims === undefined
        ? NO_CLAIMS
        : applyClaims(request.claims, first.streamId, view, nowMs),
    reply: request.reply === undefined ? undefined : [request.reply],
  };
}

/**
 * Whether a command id is known.
 *
 * @throws CommandIdReusedError - It was recorded for another stream.
 */
export function isDuplicate(commandId: string, streamId: StreamId, view: AdmissionView): boolean {
  const recordedFor = view.streamOfCommand(commandId);
  if (recordedFor === undefined) return false;
  if (recordedFor !== streamId) throw new CommandIdReusedError(commandId, streamId, recordedFor);
  return true;
}

function checkExpected(stream: StreamAppend, actual: Version): void {
  const expected: ExpectedVersion = stream.expected ?? "any";
  const met =
    expected === "any" ||
    (expected === "none" ? actual === 0 : expected === "exists" ? actual > 0 : actual === expected);
  if (!met) throw new VersionConflictError(stream.streamId, expected, actual);
}

function checkTruncation(stream: StreamAppend, version: Version): void {
  if (stream.truncateBefore === undefined) return;
  // The newest event must stay readable, or the stream would seem never to have been.
  checkInteger(
    `truncateBefore of ${stream.streamId}`,
    stream.truncateBefore,
    1,
    version + stream.events.length,
  );
}

function partOf(stream: StreamAppend, version: Version): RecordPart {
  const { streamId, truncateBefore = 0, events } = stream;
  const owned = events.every((event) => event instanceof OwnedEvent);
  const recorded = owned ? events : events.map(recordEventOf);
  return { streamId, firstVersion: version + 1, truncateBefore, events: recorded };
}

function recordEventOf({ type, shape = 1, data = EMPTY_DATA }: NewEvent): RecordEvent {
  return { type, shape, data };
}

function checkRequest(request: AppendRequest, limits: Limits): void {
  checkObject("request", request);
  checkArray("streams", request.streams, 1);
  let eventCount = 0;
  for (const stream of request.streams) {
    checkStream(stream, limits);
    eventCount += stream.events.length;
  }
  if (eventCount > limits.commitEventsMax) {
    throw new InvalidArgumentError(
      "events",
      `at most ${limits.commitEventsMax} in a commit`,
      eventCount,
    );
  }
  if (request.streams.length > 1) checkDistinct(request.streams);
  if (request.commandId !== undefined) checkId("commandId", request.commandId);
  if (request.reply !== undefined) checkData("reply", request.reply, limits);
  if (request.metadata !== undefined) checkMetadata(request.metadata, limits);
  if (request.claims !== undefined) checkClaims(request, limits);
}

function checkStream(stream: StreamAppend, limits: Limits): void {
  checkObject("stream", stream);
  checkStreamId("streamId", stream.streamId);
  if (!Array.isArray(stream.events) || stream.events.length === 0)
    checkArray(`events of ${stream.streamId}`, stream.events, 1);
  const { expected } = stream;
  if (
    expected !== undefined &&
    expected !== "any" &&
    expected !== "none" &&
    expected !== "exists" &&
    // Text for an error that is rarely needed isn't made for each command.
    !isVersion(expected)
  ) {
    checkInteger(
      `expected version of ${stream.streamId} (or "any", "none", "exists")`,
      expected,
      0,
      Number.MAX_SAFE_INTEGER,
    );
  }
  for (const event of stream.events) checkEvent(event, limits);
}

function checkEvent(event: NewEvent, limits: Limits): void {
  const { eventDataBytesMax, nestingDepthMax } = limits;
  if (
    event instanceof OwnedEvent &&
    (event.isChecked || isPlainlyRecordable(event.data, eventDataBytesMax, nestingDepthMax))
  )
    return;
  checkObject("event", event);
  checkId("event type", event.type);
  if (event.shape !== undefined)
    checkInteger(`shape of event ${event.type}`, event.shape, 1, 65_535);
  if (event.data !== undefined) checkData(`data of event ${event.type}`, event.data, limits);
}

function isVersion(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function checkData(argument: string, data: unknown, limits: Limits): void {
  checkPlainData(argument, data, limits.nestingDepthMax);
  checkEncodedBytes(argument, data, limits.eventDataBytesMax);
}

function checkEncodedBytes(argument: string, data: unknown, bytesMax: number): void {
  const { length } = encode(data);
  if (length > bytesMax)
    throw new InvalidArgumentError(argument, `at most ${bytesMax} bytes when encoded`, length);
}

function checkDistinct(streams: readonly StreamAppend[]): void {
  const seen = new Set<StreamId>();
  for (const { streamId } of streams) {
    if (seen.has(streamId))
      throw new InvalidArgumentError("streams", "a stream at most once in a commit", streamId);
    seen.add(streamId);
  }
}

/**
 * Checks where a message says it comes from.
 *
 * @throws InvalidArgumentError - An id or a header can't be taken, or all together are too large.
 */
export function checkMetadata(metadata: Metadata, limits: Limits): void {
  checkObject("metadata", metadata);
  const { correlationId, causationId, headers } = metadata;
  if (correlationId !== undefined) checkId("metadata.correlationId", correlationId);
  if (causationId !== undefined) checkId("metadata.causationId", causationId);
  if (headers === undefined) return;
  checkObject("metadata.headers", headers);
  checkPlainData("metadata.headers", headers, limits.nestingDepthMax);
  checkEncodedBytes("metadata", encodeMetadata(metadata), limits.metadataBytesMax);
}

function checkClaims(request: AppendRequest, limits: Limits): void {
  checkArray("claims", request.claims, 0, limits.commitEventsMax);
  for (const claim of request.claims ?? []) {
    checkObject("claim", claim);
    checkName("claim name", claim.name);
    checkId(`key of claim ${claim.name}`, claim.key);
    if (claim.owner !== undefined) checkStreamId(`owner of claim ${claim.name}`, claim.owner);
    switch (claim.op) {
      case "take":
        if (claim.expiresAtMs !== undefined) {
          checkInteger(
            `expiresAtMs of claim ${claim.name}`,
            claim.expiresAtMs,
            1,
            Number.MAX_SAFE_INTEGER,
          );
        }
        break;
      case "move":
        checkStreamId(`receiver of claim ${claim.name}`, claim.to);
        break;
      case "release":
        break;
      default:
        throw new InvalidArgumentError(
          "claim op",
          '"take", "release" or "move"',
          describe((claim as { op: unknown }).op),
        );
    }
  }
}
