/** Answers as messages: header `tidemark-status` says what the payload is. */
import type { CommandAnswer } from "../kernel/command-port.js";
import { asError, TidemarkError } from "../kernel/errors.js";
import type { RecordedEvent } from "../kernel/event.js";
import { checkId, streamIdOf } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { BadMessageError, RemoteFailedError } from "./errors.js";
import { HeaderReader } from "./headers.js";
import {
  dataOf,
  isJson,
  JSON_TYPE,
  payloadOf,
  plainPayloadOf,
  type Payload,
  type PayloadBounds,
} from "./payload.js";
import type { WireMessage } from "./transport.js";

/** Header that says whether a request was accepted, rejected, answered or failed. */
export const STATUS_HEADER = "tidemark-status";
/** Below what a NATS server takes by default, headers included. */
const ANSWER_BYTES_MAX = 960 * 1024;
/** Levels that an answer has around the data of an event. */
const LEVELS_AROUND = 4;
const HEADER_BYTES_MAX = 64 * 1024;
const TEXT_LENGTH_MAX = 2_000;

/** Why a request failed, as it travels. */
export interface Failure {
  readonly code: string;
  readonly retryable: boolean;
  readonly message: string;
}

function bounds(limits: Limits): PayloadBounds {
  return { bytesMax: ANSWER_BYTES_MAX, depthMax: limits.nestingDepthMax + LEVELS_AROUND };
}

/** JSON goes without saying. */
function answerMessage(status: string, { contentType, bytes }: Payload): WireMessage {
  const headers: Record<string, string> = { [STATUS_HEADER]: status };
  if (contentType !== JSON_TYPE) headers["content-type"] = contentType;
  return { headers, payload: bytes };
}

/** What became of a command. */
export function commandAnswerMessage(answer: CommandAnswer, limits: Limits): WireMessage {
  if (answer.status === "rejected") return rejectedMessage(answer.code, answer.details, limits);
  const { version, position, duplicate } = answer;
  const events = answer.events.map(travelling);
  const body = { version, position, duplicate, events };
  try {
    return answerMessage("accepted", plainPayloadOf("answer", body, bounds(limits)));
  } catch (error) {
    const message = `it was carried out (version ${version}), but its events can't be sent: ${asError(error).message}`;
    return failureMessage({ code: "answer-too-large", retryable: false, message });
  }
}

function rejectedMessage(code: string, details: unknown, limits: Limits): WireMessage {
  try {
    const body = details === undefined ? { code } : { code, details };
    return answerMessage("rejected", payloadOf("answer", body, bounds(limits)));
  } catch {
    // Details are the aggregate's own and may be anything; the refusal itself must get through.
    return answerMessage("rejected", payloadOf("answer", { code }, bounds(limits)));
  }
}

function travelling(event: RecordedEvent): Record<string, unknown> {
  const { type, data, shape, version, position, recordedAtMs, eventId } = event;
  const { correlationId, causationId, headers } = event;
  const travels: Record<string, unknown> = {
    ...{ type, data, shape, version, position, recordedAtMs, eventId, correlationId },
  };
  if (causationId !== undefined) travels["causationId"] = causationId;
  if (headers !== undefined) travels["headers"] = headers;
  return travels;
}

/** An endpoint's answer: always JSON, which any client can read. @throws InvalidArgumentError - It isn't JSON, or too large. */
export function endpointAnswerMessage(answer: unknown, limits: Limits): WireMessage {
  const payload = payloadOf("answer", answer, bounds(limits));
  if (!isJson(answer))
    throw new BadMessageError("its answer isn't JSON: a date, a bigint or bytes must be text");
  return answerMessage("answered", payload);
}

/** An error's code and message; of anything but our own errors the message only. */
export function failureOf(error: unknown): Failure {
  const { message } = asError(error);
  if (error instanceof TidemarkError)
    return { code: error.code, retryable: error.retryable, message };
  return { code: "failed", retryable: false, message };
}

export function failureMessage({ code, retryable, message }: Failure): WireMessage {
  const shown = message.slice(0, TEXT_LENGTH_MAX).toWellFormed();
  const body = Buffer.from(JSON.stringify({ code, retryable, message: shown }));
  return answerMessage("failed", { contentType: JSON_TYPE, bytes: body });
}

/**
 * The answer that came to a command.
 *
 * @throws RemoteFailedError - The other side couldn't answer.
 * @throws BadMessageError - It isn't an answer.
 */
export function commandAnswerOf(
  message: WireMessage,
  aggregate: string,
  entityId: string,
  limits: Limits,
): CommandAnswer {
  const { status, body } = bodyOf(message, `aggregate ${aggregate}`, limits);
  if (status === "rejected") {
    const { code, details } = objectOf(body);
    return { status, code: textOf("code", code), details };
  }
  if (status !== "accepted") throw new BadMessageError(`an answer can't be ${status}`);
  const { version, position, duplicate, events } = objectOf(body);
  if (!Array.isArray(events)) throw new BadMessageError("events of an answer must be an array");
  const read = events.map((event) => eventOf(objectOf(event), aggregate, entityId));
  return {
    status,
    version: integerOf("version", version),
    position: integerOf("position", position),
    duplicate: duplicate === true,
    events: read,
  };
}

/** What an endpoint answered. @throws RemoteFailedError, BadMessageError - It failed, or it isn't an answer. */
export function endpointAnswerOf(message: WireMessage, endpoint: string, limits: Limits): unknown {
  const { status, body } = bodyOf(message, `endpoint ${endpoint}`, limits);
  if (status !== "answered") throw new BadMessageError(`an answer can't be ${status}`);
  return body;
}

function bodyOf(message: WireMessage, address: string, limits: Limits) {
  const reader = new HeaderReader(message.headers, HEADER_BYTES_MAX);
  const status = reader.text(STATUS_HEADER);
  const type = reader.optional("content-type");
  const body = dataOf("answer", type, message.payload, bounds(limits));
  if (status !== "failed") return { status, body };
  const { code, retryable, message: text } = objectOf(body);
  throw new RemoteFailedError(
    address,
    textOf("code", code),
    retryable === true,
    textOf("message", text),
  );
}

function eventOf(
  fields: Record<string, unknown>,
  aggregate: string,
  entityId: string,
): RecordedEvent {
  const { causationId, headers } = fields;
  return {
    streamId: streamIdOf(aggregate, entityId),
    streamType: aggregate,
    entityId,
    type: idOf("type", fields["type"]),
    data: fields["data"],
    shape: integerOf("shape", fields["shape"]),
    version: integerOf("version", fields["version"]),
    position: integerOf("position", fields["position"]),
    recordedAtMs: integerOf("recordedAtMs", fields["recordedAtMs"]),
    eventId: idOf("eventId", fields["eventId"]),
    correlationId: idOf("correlationId", fields["correlationId"]),
    causationId: causationId === undefined ? undefined : idOf("causationId", causationId),
    headers: headers === undefined ? undefined : objectOf(headers),
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new BadMessageError("a part of an answer must be an object");
}

function idOf(name: string, value: unknown): string {
  try {
    checkId(`${name} of an answer`, value);
    return value;
  } catch (cause) {
    throw new BadMessageError(asError(cause).message, { cause });
  }
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new BadMessageError(`${name} of an answer must be text`);
}

function integerOf(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new BadMessageError(`${name} of an answer must be a whole number`);
}
