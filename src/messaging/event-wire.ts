/**
 * A recorded event as a message of the log of all services. Three headers make its journey exact, whatever the transport
 * loses, repeats or reorders:
 *
 * ```
 * tidemark-position      <store id>:<position>   its place in its own journal
 * tidemark-previous      <position>              of the event of the same aggregate that was relayed before it; 0 for the first
 * tidemark-acknowledged  <position>              everything of the aggregate up to there was in the log before it
 * ```
 */
import type { Metadata, Position, RecordedEvent, Version } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { dataBounds, headersOf, metadataOf, subjectOf, typeOf, wireMessage } from "./envelope.js";
import { BadMessageError } from "./errors.js";
import { dataOf, payloadOf } from "./payload.js";
import { POSITION_HEADER, type Publication, type WireMessage } from "./transport.js";

const PREVIOUS = "tidemark-previous";
const ACKNOWLEDGED = "tidemark-acknowledged";
const VERSION = "tidemark-version";
const SHAPE = "tidemark-shape";
const SHAPE_MAX = 65_535;

/** An event with its neighbours. */
export function publicationOf(
  event: RecordedEvent,
  storeId: string,
  neighbours: { readonly previous: Position; readonly acknowledged: Position },
  limits: Limits,
): Publication {
  const { eventId: id, streamType: aggregate, entityId, type } = event;
  const { correlationId, causationId, headers } = event;
  const payload = payloadOf(`data of event ${type}`, event.data, dataBounds(limits));
  const metadata: Metadata = {
    correlationId,
    ...(causationId === undefined ? {} : { causationId }),
    ...(headers === undefined ? {} : { headers }),
  };
  const attributes = { id, storeId, type, timeMs: event.recordedAtMs, subject: event.streamId };
  const extra = {
    [POSITION_HEADER]: id,
    [PREVIOUS]: String(neighbours.previous),
    [ACKNOWLEDGED]: String(neighbours.acknowledged),
    [VERSION]: String(event.version),
    [SHAPE]: String(event.shape),
  };
  const message = wireMessage(attributes, payload, metadata, extra, limits);
  return { aggregate, entityId, messageId: id, message };
}

/** Where a message stands among those of its journal. */
export interface Place {
  readonly storeId: string;
  readonly position: Position;
  readonly previous: Position;
}

/** An event of another service, as it arrived. */
export interface ForeignEvent {
  readonly entityId: string;
  readonly type: string;
  readonly data: unknown;
  readonly shape: number;
  readonly version: Version;
  readonly recordedAtMs: number;
  /** In its own journal. */
  readonly eventId: string;
  readonly metadata: Metadata;
}

/** Undefined where it has none: it was published by something else. */
export function placeOf(message: WireMessage, limits: Limits): Place | undefined {
  return read(() => {
    const reader = headersOf(message, limits);
    const id = reader.checked(POSITION_HEADER, checkId);
    const at = id.lastIndexOf(":");
    const storeId = id.slice(0, at);
    const position = wholeNumber(id.slice(at + 1), 1);
    const previous = wholeNumber(reader.text(PREVIOUS), 0);
    if (at < 1 || previous >= position) throw new BadMessageError("its position isn't one");
    return { storeId, position, previous };
  });
}

/** Everything of its aggregate up to there was in the log before it; 0 where it doesn't say. */
export function acknowledgedOf(message: WireMessage, limits: Limits): Position {
  return read(() => headersOf(message, limits).integer(ACKNOWLEDGED)) ?? 0;
}

/** The entity and type that a message names; undefined where it doesn't. */
export function entityOf(message: WireMessage, limits: Limits): string | undefined {
  return read(() => subjectOf(headersOf(message, limits)).entityId);
}

export function eventTypeOf(message: WireMessage, limits: Limits): string | undefined {
  return read(() => typeOf(headersOf(message, limits)));
}

function read<T>(take: () => T): T | undefined {
  try {
    return take();
  } catch {
    return undefined;
  }
}

function wholeNumber(text: string, min: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value) || value < min)
    throw new BadMessageError(`${JSON.stringify(text)} isn't a position`);
  return value;
}

/** @throws BadMessageError - It isn't an event of this aggregate that can be taken. */
export function foreignEventOf(
  message: WireMessage,
  aggregate: string,
  limits: Limits,
): ForeignEvent {
  const reader = headersOf(message, limits);
  const subject = subjectOf(reader);
  if (subject.aggregate !== aggregate)
    throw new BadMessageError(`it is an event of ${subject.aggregate}, not of ${aggregate}`);
  const shape = reader.integer(SHAPE);
  if (shape < 1 || shape > SHAPE_MAX) throw new BadMessageError(`shape ${shape} isn't one`);
  const version = reader.integer(VERSION);
  const recordedAtMs = Date.parse(reader.text("ce-time"));
  if (version < 1 || Number.isNaN(recordedAtMs))
    throw new BadMessageError("its version or time isn't one");
  const contentType = reader.optional("content-type");
  return {
    entityId: subject.entityId,
    type: typeOf(reader),
    data: dataOf("event data", contentType, message.payload, dataBounds(limits)) ?? {},
    shape,
    version,
    recordedAtMs,
    eventId: reader.checked(POSITION_HEADER, checkId),
    metadata: metadataOf(reader, limits),
  };
}
