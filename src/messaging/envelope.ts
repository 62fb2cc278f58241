/**
 * The envelope of every message: CloudEvents attributes in headers (binary mode), W3C trace context, and where it comes from.
 *
 * ```
 * ce-specversion: 1.0     ce-id, ce-source, ce-type, ce-subject (the stream's id), ce-time (of events)
 * content-type            application/json or application/msgpack
 * traceparent, tracestate as the W3C writes them; they stand among the user's headers on both sides
 * tidemark-correlation, tidemark-causation, tidemark-headers (the user's other headers, as JSON)
 * ```
 */
import { checkMetadata } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Metadata } from "../kernel/event.js";
import { checkId, checkStreamId, entityIdOf, streamTypeOf, type StreamId } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { isTraceparent, isTracestate } from "../kernel/tracer.js";
import { BadMessageError } from "./errors.js";
import { HeaderReader, headerValue } from "./headers.js";
import { dataOf, isJson, payloadOf, type Payload, type PayloadBounds } from "./payload.js";
import type { WireMessage } from "./transport.js";

/** What names a message among all. */
export interface Attributes {
  readonly id: string;
  /** Of the journal it comes from. */
  readonly storeId: string;
  readonly type: string;
  readonly timeMs?: number;
  readonly subject: StreamId;
}

const SOURCE_PREFIX = "tidemark:";
const MSGPACK_PREFIX = "msgpack,";
/** Bytes of headers as JSON for each byte that the journal would take; beyond it they go as msgpack. */
const JSON_FACTOR = 2;
/** Percent-encoding triples a byte, and there are other headers. */
const HEADER_BYTES_FACTOR = 4 * JSON_FACTOR;

/** Puts a message together; `extra` headers are values that need no encoding. */
export function wireMessage(
  attributes: Attributes,
  payload: Payload,
  metadata: Metadata,
  extra: Readonly<Record<string, string>>,
  limits: Limits,
): WireMessage {
  const headers: Record<string, string> = {
    "ce-specversion": "1.0",
    "ce-id": headerValue(attributes.id),
    "ce-source": headerValue(SOURCE_PREFIX + attributes.storeId),
    "ce-type": headerValue(attributes.type),
    "ce-subject": headerValue(attributes.subject),
    "content-type": payload.contentType,
    ...extra,
  };
  const { timeMs } = attributes;
  if (timeMs !== undefined) headers["ce-time"] = new Date(timeMs).toISOString();
  const { correlationId, causationId } = metadata;
  if (correlationId !== undefined) headers["tidemark-correlation"] = headerValue(correlationId);
  if (causationId !== undefined) headers["tidemark-causation"] = headerValue(causationId);
  putUserHeaders(headers, metadata.headers, limits);
  return { headers, payload: payload.bytes };
}

function putUserHeaders(
  headers: Record<string, string>,
  given: Metadata["headers"],
  limits: Limits,
): void {
  if (given === undefined) return;
  const { traceparent, tracestate, ...rest } = given;
  const others: Record<string, unknown> = rest;
  const isTraced = isTraceparent(traceparent);
  if (isTraced) headers["traceparent"] = traceparent;
  else if (traceparent !== undefined) others["traceparent"] = traceparent;
  if (isTraced && isTracestate(tracestate)) headers["tracestate"] = headerValue(tracestate);
  else if (tracestate !== undefined) others["tracestate"] = tracestate;
  if (Object.keys(others).length > 0) headers["tidemark-headers"] = textOf(others, limits);
}

/** JSON is readable to everybody; what it can't hold goes as msgpack. */
function textOf(headers: Readonly<Record<string, unknown>>, limits: Limits): string {
  const json = isJson(headers) ? JSON.stringify(headers) : undefined;
  if (json !== undefined && Buffer.byteLength(json) <= limits.metadataBytesMax * JSON_FACTOR)
    return headerValue(json);
  const { bytes } = payloadOf("headers", headers, { bytesMax: Infinity, depthMax: Infinity });
  return MSGPACK_PREFIX + Buffer.from(bytes).toString("base64url");
}

/** A reader of the headers that arrived. @throws BadMessageError - There are too many of them. */
export function headersOf(message: WireMessage, limits: Limits): HeaderReader {
  return new HeaderReader(message.headers, limits.metadataBytesMax * HEADER_BYTES_FACTOR);
}

/** The stream that a message is about, taken apart. @throws BadMessageError - It names none. */
export function subjectOf(reader: HeaderReader): { aggregate: string; entityId: string } {
  const streamId = reader.checked("ce-subject", checkStreamId);
  return { aggregate: streamTypeOf(streamId), entityId: entityIdOf(streamId) };
}

/** The name of a message within those of its source. @throws BadMessageError - It isn't an id. */
export function typeOf(reader: HeaderReader): string {
  return reader.checked("ce-type", checkId);
}

/** Where a message says it comes from. @throws BadMessageError - It can't be taken. */
export function metadataOf(reader: HeaderReader, limits: Limits): Metadata {
  const correlationId = reader.optional("tidemark-correlation");
  const causationId = reader.optional("tidemark-causation");
  const headers = userHeadersOf(reader, limits);
  if (correlationId === undefined && causationId === undefined && headers === undefined) return {};
  const metadata: Metadata = {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(headers === undefined ? {} : { headers }),
  };
  try {
    checkMetadata(metadata, limits);
  } catch (cause) {
    throw new BadMessageError(asError(cause).message, { cause });
  }
  return metadata;
}

function userHeadersOf(reader: HeaderReader, limits: Limits): Record<string, unknown> | undefined {
  const headers = otherHeadersOf(reader, limits);
  const traceparent = reader.optional("traceparent");
  // The W3C says of malformed ones: go on as if there were none.
  if (!isTraceparent(traceparent)) return headers;
  const tracestate = reader.optional("tracestate");
  return { ...headers, traceparent, ...(isTracestate(tracestate) ? { tracestate } : {}) };
}

function otherHeadersOf(reader: HeaderReader, limits: Limits): Record<string, unknown> | undefined {
  const text = reader.optional("tidemark-headers");
  if (text === undefined) return undefined;
  const isMsgpack = text.startsWith(MSGPACK_PREFIX);
  const bytes = isMsgpack
    ? Buffer.from(text.slice(MSGPACK_PREFIX.length), "base64url")
    : Buffer.from(text);
  const type = isMsgpack ? "application/msgpack" : undefined;
  const bounds = {
    bytesMax: limits.metadataBytesMax * JSON_FACTOR,
    depthMax: limits.nestingDepthMax,
  };
  const headers = dataOf("header tidemark-headers", type, bytes, bounds);
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    throw new BadMessageError("header tidemark-headers must be an object");
  return Object.keys(headers).length === 0 ? undefined : (headers as Record<string, unknown>);
}

/** The bounds on the data of one command or event. */
export function dataBounds(limits: Limits): PayloadBounds {
  return { bytesMax: limits.eventDataBytesMax, depthMax: limits.nestingDepthMax };
}
