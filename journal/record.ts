/**
 * The commit record: the one thing the log is made of, and the index's copies by stream. `docs/internals/data-format.md`
 * describes the same layout for strangers; a change here is a change of format.
 *
 * ```
 * [ position, recordedAtMs,
 *   [ streamId, firstVersion, truncateBefore, [ type, shape, data, type, shape, data, … ],  … next stream ],
 *   commandId | nil, [ correlationId | nil, causationId | nil, headers | nil ] | nil,
 *   [ [op, name, key, owner, argument], … ] | nil, [ reply ] | nil, crc ]
 * ```
 *
 * What is nil at the end, before the checksum, is left out.
 */
import type { Position, RecordedEvent, Version, Metadata } from "../src/kernel/event.js";
import { entityIdOf, streamTypeOf, type StreamId } from "../src/kernel/ids.js";
import { CHECKSUM_PLACE, decode, decodeSequence, seal, sealPlaced, unseal } from "./codec.js";
import { JournalCorruptedError } from "./errors.js";
import { eventIdOf } from "./event-id.js";
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

/** Fields beside the checksum, with and without what may be left out. */
const RECORD_FIELDS_MAX = 7;
const RECORD_FIELDS_MIN = 3;
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
  const { position, recordedAtMs, commandId, metadata, claims, reply } = record;
  const parts: unknown[] = [];
  for (const part of record.parts)
    parts.push(part.streamId, part.firstVersion, part.truncateBefore, encodeEvents(part.events));
  if (reply === undefined && claims.length === 0 && metadata === undefined) {
    return commandId === undefined
      ? sealPlaced([position, recordedAtMs, parts, CHECKSUM_PLACE])
      : sealPlaced([position, recordedAtMs, parts, commandId, CHECKSUM_PLACE]);
  }
  const fields: unknown[] = [
    position,
    recordedAtMs,
    parts,
    commandId ?? null,
    encodeMetadata(metadata),
    claims.length === 0 ? null : claims.map(encodeClaim),
    reply ?? null,
  ];
  while (fields[fields.length - 1] === null) fields.pop();
  return seal(fields);
}

function encodeEvents(events: readonly RecordEvent[]): unknown[] {
  const [first] = events;
  if (events.length === 1 && first !== undefined) return [first.type, first.shape, first.data];
  const flat: unknown[] = [];
  for (const event of events) flat.push(event.type, event.shape, event.data);
  return flat;
}

function encodeClaim(claim: RecordClaim): unknown[] {
  return [CLAIM_OPS.indexOf(claim.op), claim.name, claim.key, claim.owner, claim.argument];
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
 * Decodes what is stored at `position`.
 *
 * @throws JournalCorruptedError - The checksum doesn't match, or the record belongs elsewhere.
 */
export function decodeRecord(position: Position, bytes: Uint8Array): CommitRecord {
  const fields = unseal(bytes, RECORD_FIELDS_MAX, RECORD_FIELDS_MIN);
  if (typeof fields === "string") throw new JournalCorruptedError(position, fields);
  return recordAt(position, fields);
}

/**
 * Decodes records that stand one behind the other, with whatever stands before and behind them; their checksum was looked
 * at before.
 *
 * @throws JournalCorruptedError - They can't be decoded after all.
 */
export function decodeValues(position: Position, bytes: Uint8Array): unknown[] {
  try {
    return decodeSequence(bytes);
  } catch (cause) {
    throw new JournalCorruptedError(position, "it can't be decoded", { cause });
  }
}

/** The record of these bytes, wherever it belongs; undefined where it is damaged. */
export function intactRecord(position: Position, bytes: Uint8Array): CommitRecord | undefined {
  const fields = unseal(bytes, RECORD_FIELDS_MAX, RECORD_FIELDS_MIN);
  return typeof fields === "string" ? undefined : recordOf(position, fields);
}

/**
 * Decodes copies of records, which stand one behind the other and were checked as a whole.
 *
 * @throws JournalCorruptedError - They aren't records after all.
 */
export function decodeCopies(bytes: Uint8Array): CommitRecord[] {
  return decodeValues(0, bytes).map((fields) => recordOf(0, fields));
}

/** Decodes a copy that never left memory. */
export function decodeCopy(bytes: Uint8Array): CommitRecord {
  return recordOf(0, decode(bytes));
}

/**
 * The record of a position from its decoded fields, whose checksum was looked at before.
 *
 * @throws JournalCorruptedError - They aren't those of a record, or it belongs elsewhere.
 */
export function recordAt(position: Position, fields: unknown): CommitRecord {
  const record = recordOf(position, fields);
  if (record.position === position) return record;
  throw new JournalCorruptedError(
    position,
    `the record there says it belongs to position ${record.position}`,
  );
}

function recordOf(position: Position, value: unknown): CommitRecord {
  const fields = value as readonly unknown[];
  const count = Array.isArray(value) ? value.length - 1 : 0;
  if (count < RECORD_FIELDS_MIN || count > RECORD_FIELDS_MAX)
    throw new JournalCorruptedError(position, "it isn't a commit record");
  // Behind a matching checksum stands what encodeRecord wrote: the casts below are its inverse.
  const metadata = count > 4 ? (fields[4] as EncodedMetadata | null) : null;
  const claims = count > 5 ? (fields[5] as unknown[][] | null) : null;
  return {
    position: fields[0] as number,
    recordedAtMs: fields[1] as number,
    parts: decodeParts(fields[2] as unknown[]),
    commandId: count > 3 ? ((fields[3] as string | null) ?? undefined) : undefined,
    metadata: metadata === null ? undefined : decodeMetadata(metadata),
    claims: claims === null ? NO_CLAIMS : claims.map(decodeClaim),
    reply: count > 6 ? (fields[6] as [unknown]) : undefined,
  };
}

type EncodedMetadata = [string | null, string | null, Record<string, unknown> | null];

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

function decodeMetadata(fields: EncodedMetadata): Metadata {
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
  const eventId = eventIdOf(storeId, position);
  const ownCorrelationId = metadata?.correlationId ?? commandId;
  return {
    type: event.type,
    data: event.data,
    streamId: part.streamId,
    streamType: streamTypeOf(part.streamId),
    entityId: entityIdOf(part.streamId),
    version: part.firstVersion + index,
    position,
    recordedAtMs: record.recordedAtMs,
    eventId,
    correlationId:
      ownCorrelationId ??
      (position === record.position ? eventId : eventIdOf(storeId, record.position)),
    causationId: metadata?.causationId ?? commandId,
    headers: metadata?.headers,
    shape: event.shape,
  };
}

/**
 * The bytes of a record as the index copies it for one of its streams: those of the log where the record is about nothing
 * else; otherwise encoded anew without the other streams, the claims and the reply.
 */
export function copyForStream(
  storeId: string,
  { record, bytes }: { readonly record: CommitRecord; readonly bytes: Uint8Array },
  streamId: StreamId,
): Uint8Array {
  if (record.parts.length === 1 && record.reply === undefined) return bytes;
  let { position } = record;
  for (const part of record.parts) {
    if (part.streamId === streamId) {
      // Without an id of its own a correlation begins at the first event of the commit, which needn't be this stream's.
      const { correlationId } = recordedEventOf(storeId, record, part, 0, 0);
      const metadata = { ...record.metadata, correlationId };
      const own = { position, parts: [part], metadata, claims: NO_CLAIMS, reply: undefined };
      return encodeRecord({ ...record, ...own });
    }
    position += part.events.length;
  }
  throw new JournalCorruptedError(record.position, `it has no events of ${streamId}`);
}
