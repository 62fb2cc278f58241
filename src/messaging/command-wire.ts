/** A command as a message. Of times only its time to live goes with it, as what is left: clocks of two machines don't agree. */
import { checkId, streamIdOf } from "../kernel/ids.js";
import type { Metadata, Version } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import { dataBounds, headersOf, metadataOf, subjectOf, typeOf, wireMessage } from "./envelope.js";
import { BadMessageError } from "./errors.js";
import { dataOf, payloadOf } from "./payload.js";
import type { WireMessage } from "./transport.js";

/** Header with the milliseconds that the sender still waits. */
export const TIMEOUT_HEADER = "tidemark-timeout-ms";
const EXPECTED_VERSION = "tidemark-expected-version";
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** A command on its way. */
export interface SentCommand {
  readonly aggregate: string;
  readonly entityId: string;
  readonly type: string;
  readonly data: unknown;
  readonly commandId: string;
  /** What is left of the time; none where it isn't positive. */
  readonly timeoutMs: number;
  readonly expectedVersion?: Version;
  readonly metadata: Metadata;
}

/** @throws InvalidArgumentError - The data or an id can't be sent. */
export function commandMessage(command: SentCommand, storeId: string, limits: Limits): WireMessage {
  const { aggregate, entityId, type, commandId, timeoutMs, expectedVersion } = command;
  const argument = `data of command ${type}`;
  const payload = payloadOf(argument, command.data ?? {}, dataBounds(limits));
  const subject = streamIdOf(aggregate, entityId);
  return wireMessage(
    { id: commandId, storeId, type, subject },
    payload,
    command.metadata,
    {
      [TIMEOUT_HEADER]: String(timeoutMs),
      ...(expectedVersion === undefined ? {} : { [EXPECTED_VERSION]: String(expectedVersion) }),
    },
    limits,
  );
}

/** @throws BadMessageError - It isn't a command for this aggregate that can be taken. */
export function commandOf(message: WireMessage, aggregate: string, limits: Limits): SentCommand {
  const reader = headersOf(message, limits);
  const subject = subjectOf(reader);
  if (subject.aggregate !== aggregate)
    throw new BadMessageError(`a command for ${subject.aggregate} came to ${aggregate}`);
  const expectedVersion = reader.optionalInteger(EXPECTED_VERSION);
  const contentType = reader.optional("content-type");
  const command = {
    aggregate,
    entityId: subject.entityId,
    type: typeOf(reader),
    data: dataOf("command data", contentType, message.payload, dataBounds(limits)) ?? {},
    commandId: reader.checked("ce-id", checkId),
    timeoutMs: Math.min(reader.integer(TIMEOUT_HEADER), TIMEOUT_MS_MAX),
    metadata: metadataOf(reader, limits),
  };
  return expectedVersion === undefined ? command : { ...command, expectedVersion };
}
