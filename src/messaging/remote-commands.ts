/** Sends commands to aggregates of other services, and reads what they answer. */
import { checkInteger } from "../kernel/check.js";
import type { Clock, Ids } from "../kernel/clock.js";
import type { CommandAnswer, CommandTarget } from "../kernel/command-port.js";
import type { Message, Metadata, Version } from "../kernel/event.js";
import { checkMetadata, tracedMetadata } from "../../journal/index.js";
import { checkObject } from "../kernel/check.js";
import { checkId } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { spanned, traceOf, type Span, type Tracer } from "../kernel/tracer.js";
import { SharedHold } from "../kernel/shared-hold.js";
import { validated } from "../kernel/standard-schema.js";
import { commandAnswerOf } from "./answer-wire.js";
import { commandMessage } from "./command-wire.js";
import type { RemoteAggregate } from "./remote.js";
import type { TransportConnection } from "./transport.js";

/** What may be said about a command to another service. */
export interface RemoteAskOptions {
  /** The same id again gives the recorded answer and does nothing else. One is made where none is given. */
  readonly commandId?: string;
  /** How long to wait for the answer; the other side gives up then, too. Defaults to the runtime's `askTimeoutMs`. */
  readonly timeoutMs?: number;
  /** Refuses the command unless the entity is at this version. */
  readonly expectedVersion?: Version;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** The user's own plain data, recorded with every event there; `traceparent` and `tracestate` as the W3C writes them. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

export interface RemoteCommandsOptions {
  readonly storeId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly askTimeoutMs: number;
  /** What is sent of a command's data, once that is valid; and what is told of an answer. */
  readonly outgoing?: (data: unknown, command: Message) => unknown;
  readonly answered?: (answer: CommandAnswer) => CommandAnswer;
  readonly tracer?: Tracer;
}

const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export class RemoteCommands {
  readonly #options: RemoteCommandsOptions;
  readonly #hold: SharedHold;

  constructor(options: RemoteCommandsOptions) {
    this.#options = options;
    this.#hold = new SharedHold(options.clock);
  }

  /** See `RemoteHandle.ask`. */
  async ask(
    connection: TransportConnection,
    target: CommandTarget,
    entityId: string,
    command: Message,
    options: RemoteAskOptions,
  ): Promise<CommandAnswer> {
    const { storeId, ids, limits, askTimeoutMs, outgoing, answered } = this.#options;
    const { commandId = ids.newId(), timeoutMs = askTimeoutMs, expectedVersion } = options;
    checkObject("command", command);
    checkId("command type", command.type);
    checkId("commandId", commandId);
    checkInteger("timeoutMs", timeoutMs, 1, TIMEOUT_MS_MAX);
    if (expectedVersion !== undefined)
      checkInteger("expectedVersion", expectedVersion, 0, Number.MAX_SAFE_INTEGER);
    const metadata = metadataOf(options);
    checkMetadata(metadata, limits);
    const data = dataFor(target, command);
    const traced = this.#begin(connection, target.name, command.type, commandId, metadata);
    const sent = {
      ...{ aggregate: target.name, entityId, type: command.type, commandId, timeoutMs },
      metadata: traced?.metadata ?? metadata,
      data: outgoing?.(data, command) ?? data,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    };
    const message = commandMessage(sent, storeId, limits);
    const address = { kind: "command", aggregate: target.name, entityId } as const;
    const asked = this.#hold
      .during(connection.request(address, message, timeoutMs))
      .then((answer) => {
        const told = commandAnswerOf(answer, target.name, entityId, limits);
        return answered?.(told) ?? told;
      });
    return traced === undefined ? asked : spanned(traced.span, asked);
  }

  /** Undefined where it isn't traced. What something led to that isn't traced isn't either. */
  #begin(
    connection: TransportConnection,
    aggregate: string,
    type: string,
    commandId: string,
    metadata: Metadata,
  ): { readonly span: Span; readonly metadata: Metadata } | undefined {
    const { tracer, limits } = this.#options;
    if (tracer === undefined) return undefined;
    const given = traceOf(metadata.headers);
    if (given === undefined && metadata.causationId !== undefined && tracer.active() === undefined)
      return undefined;
    const attributes = {
      "messaging.system": connection.status().transport,
      "messaging.operation.type": "send",
      "messaging.destination.name": aggregate,
      "messaging.message.id": commandId,
      "tidemark.command": type,
    };
    const span = tracer.start(`send ${aggregate}`, "client", attributes, given);
    if (span === undefined) return undefined;
    return { span, metadata: tracedMetadata(metadata, span.context, limits) };
  }
}

function metadataOf({ correlationId, causationId, headers }: RemoteAskOptions): Metadata {
  return {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** An aggregate of this runtime's code may be a target, too: it has no schemas of a remote. */
function dataFor(target: CommandTarget, { type, data }: Message): unknown {
  const schemas = (target as Partial<RemoteAggregate>).schemas?.commands;
  const schema = schemas !== undefined && Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  const given = data ?? {};
  return schema === undefined ? given : validated(`data of command ${type}`, schema, given);
}
