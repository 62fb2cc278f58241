/**
 * The commit record: the one thing the log is made of. `docs/internals/data-format.md` describes the same layout for
 * strangers; a change here is a change of format.
 *
 * ```
 * [ position, recordedAtMs,
 *   [ streamId, firstVersion, truncateBefore, [ type, shape, data, type, shape, data, … ],  … next stream ],
 *   commandId | nil, [ correlationId | nil, causationId | nil, headers | nil ] | nil,
 *   [ [op, name, key, owner, argument], … ] | nil, [ reply ] | nil, crc ]
 * ```
 */
import type { Position, RecordedEvent, Version, Metadata } from "../src/kernel/event.js";
import { entityIdOf, streamTypeOf, type StreamId } from "../src/kernel/ids.js";
import { seal, unseal } from "./codec.js";
import { JournalCorruptedError } from "./errors.js";
import type { Commit } from "./journal.js";

/** One event ready to be written. */
export interface RecordEvent {
  readonly type: string;
  readonly shape: number;
  readonly data: unknown;
}

/** What a commit adds to one stream. */
export interface RecordPart {
  readonly streamId: StreamId;
  readonly firstVersion: Version;
  /** Versions below are no longer read; 0 where nothing is truncated. */
  readonly truncateBefore: Version;
  readonly events: readonly RecordEvent[];
}

/** `argument` is the expiry of a take (0 for never) and the receiver of a move. */
export interface RecordClaim {
  readonly op: "take" | "release" | "move";
  readonly name: string;
  readonly key: string;
  readonly owner: StreamId;
  readonly argument: number | string;
}

export interface CommitRecord {
  readonly position: Position;
  readonly recordedAtMs: number;
  readonly parts: readonly RecordPart[];
  readonly commandId: string | undefined;
  readonly metadata: Metadata | undefined;
  readonly claims: readonly RecordClaim[];
  /** An array of one where there is a reply: nil is a reply, too. */
  readonly reply: readonly [unknown] | undefined;
}

const RECORD_FIELDS = 7;
const PART_FIELDS = 4;
const EVENT_FIELDS = 3;
const CLAIM_OPS = ["take", "release", "move"] as const;
export const NO_CLAIMS: readonly RecordClaim[] = Object.freeze([]);

export function eventCountOf(record: CommitRecord): number {
  let count = 0;
  for (const part of record.parts) count += part.events.length;
  return count;
}

export function encodeRecord(record: CommitRecord): Uint8Array {
  const parts: unknown[] = [];
  for (const part of record.parts) {
    const events: unknown[] = [];
    for (const event of part.events) events.push(event.type, event.shape, event.data);
    parts.push(part.streamId, part.firstVersion, part.truncateBefore, events);
  }
  return seal([
    record.position,
    record.recordedAtMs,
    parts,
    record.commandId ?? null,
    encodeMetadata(record.metadata),
    record.claims.length === 0
      ? null
      : record.claims.map((claim) => [
          CLAIM_OPS.indexOf(claim.op),
          claim.name,
          claim.key,
          claim.owner,
          claim.argument,
        ]),
    record.reply ?? null,
  ]);
}

/** Metadata as stored: nil where there is nothing to say. */
export function encodeMetadata(metadata: Metadata | undefined): unknown[] | null {
  if (metadata === undefined) return null;
  const { correlationId, causationId, headers } = metadata;
  if (correlationId === undefined && causationId === undefined && headers === undefined)
    return null;
  return [correlationId ?? null, causationId ?? null, headers ?? null];
}

/**
 * Decodes what is stored under `position`.
 *
 * @throws JournalCorruptedError - The checksum doesn't match, or the record belongs elsewhere.
 */
export function decodeRecord(position: Position, bytes: Uint8Array): CommitRecord {
  const fields = unseal(bytes, RECORD_FIELDS);
  if (typeof fields === "string") throw new JournalCorruptedError(position, fields);
  if (fields[0] !== position) {
    throw new JournalCorruptedError(
      position,
      `the record there says it belongs to position ${String(fields[0])}`,
    );
  }
  // Behind a matching checksum stands what encodeRecord wrote: the casts below are its inverse.
  const metadata = fields[4] as
    [string | null, string | null, Record<string, unknown> | null] | null;
  return {
    position,
    recordedAtMs: fields[1] as number,
    parts: decodeParts(fields[2] as unknown[]),
    commandId: (fields[3] as string | null) ?? undefined,
    metadata: metadata === null ? undefined : decodeMetadata(metadata),
    claims: fields[5] === null ? NO_CLAIMS : (fields[5] as unknown[][]).map(decodeClaim),
    reply: (fields[6] as [unknown] | null) ?? undefined,
  };
}

function decodeParts(flat: readonly unknown[]): RecordPart[] {
  const parts: RecordPart[] = [];
  for (let at = 0; at < flat.length; at += PART_FIELDS) {
    const flatEvents = flat[at + 3] as unknown[];
    const events: RecordEvent[] = [];
    for (let e = 0; e < flatEvents.length; e += EVENT_FIELDS) {
      events.push({
        type: flatEvents[e] as string,
        shape: flatEvents[e + 1] as number,
        data: flatEvents[e + 2],
      });
    }
    parts.push({
      streamId: flat[at] as string,
      firstVersion: flat[at + 1] as number,
      truncateBefore: flat[at + 2] as number,
      events,
    });
  }
  return parts;
}

function decodeMetadata(
  fields: [string | null, string | null, Record<string, unknown> | null],
): Metadata {
  const [correlationId, causationId, headers] = fields;
  return {
    ...(correlationId === null ? {} : { correlationId }),
    ...(causationId === null ? {} : { causationId }),
    ...(headers === null ? {} : { headers }),
  };
}

function decodeClaim(fields: readonly unknown[]): RecordClaim {
  const op = CLAIM_OPS[fields[0] as number] ?? "take";
  return {
    op,
    name: fields[1] as string,
    key: fields[2] as string,
    owner: fields[3] as string,
    argument: fields[4] as number | string,
  };
}

/** The commit that a record stands for, with every event as readers see it. */
export function commitOf(storeId: string, record: CommitRecord, duplicate = false): Commit {
  const events: RecordedEvent[] = [];
  let position = record.position;
  for (const part of record.parts) {
    for (let index = 0; index < part.events.length; index++) {
      events.push(recordedEventOf(storeId, record, part, index, position));
      position += 1;
    }
  }
  return {
    position: record.position,
    lastPosition: position - 1,
    recordedAtMs: record.recordedAtMs,
    events,
    commandId: record.commandId,
    reply: record.reply?.[0],
    duplicate,
  };
}

/** One event of a record, as readers see it. `position` is the event's own. */
export function recordedEventOf(
  storeId: string,
  record: CommitRecord,
  part: RecordPart,
  index: number,
  position: Position,
): RecordedEvent {
  const event = part.events[index] as RecordEvent;
  const { metadata, commandId } = record;
  return {
    type: event.type,
    data: event.data,
    streamId: part.streamId,
    streamType: streamTypeOf(part.streamId),
    entityId: entityIdOf(part.streamId),
    version: part.firstVersion + index,
    position,
    recordedAtMs: record.recordedAtMs,
    eventId: `${storeId}:${position}`,
    correlationId: metadata?.correlationId ?? commandId ?? `${storeId}:${record.position}`,
    causationId: metadata?.causationId ?? commandId,
    headers: metadata?.headers,
    shape: event.shape,
  };
}
