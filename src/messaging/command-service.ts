/**
 * Answers the commands that other services send to an aggregate of this runtime. Whether a command was carried out before is
 * the journal's to say, by its id; whether it means anything the aggregate's own checks.
 */
import type { CommandAnswer } from "../kernel/command-port.js";
import type { Metadata, Version } from "../kernel/event.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Limits } from "../kernel/limits.js";
import { spanned, traceOf, type Tracer } from "../kernel/tracer.js";
import { tracedMetadata } from "../../journal/index.js";
import { commandAnswerMessage, failureMessage, failureOf } from "./answer-wire.js";
import { commandOf } from "./command-wire.js";
import { BadMessageError, DeadlineExceededError, ServiceOverloadedError } from "./errors.js";
import type { Closable, TransportConnection, WireMessage } from "./transport.js";

/** Sends a command to an aggregate of this runtime. */
export type AskLocally = (
  aggregate: string,
  entityId: string,
  command: { readonly type: string; readonly data: unknown },
  options: LocalCommandOptions,
) => Promise<CommandAnswer>;

export interface LocalCommandOptions extends Metadata {
  readonly commandId: string;
  readonly timeoutMs: number;
  readonly expectedVersion?: Version;
}

/** The actors have bounds of their own; this one is for what waits behind them. */
const IN_HAND_MAX = 10_000;

export class CommandService {
  readonly #aggregate: string;
  readonly #ask: AskLocally;
  readonly #limits: Limits;
  readonly #tracer: Tracer | undefined;
  #inHand = 0;

  constructor(aggregate: string, ask: AskLocally, limits: Limits, tracer?: Tracer) {
    this.#aggregate = aggregate;
    this.#ask = ask;
    this.#limits = limits;
    this.#tracer = tracer;
  }

  /** Answers until what is returned is closed. */
  serve(connection: TransportConnection): Promise<Closable> {
    const service = { kind: "command", aggregate: this.#aggregate } as const;
    return connection.serve(service, (message) => this.answer(message));
  }

  /** Never rejects. */
  async answer(message: WireMessage): Promise<WireMessage> {
    if (this.#inHand >= IN_HAND_MAX)
      return failed(new ServiceOverloadedError(`aggregate ${this.#aggregate}`, IN_HAND_MAX));
    this.#inHand += 1;
    try {
      return commandAnswerMessage(await this.#carryOut(message), this.#limits);
    } catch (error) {
      return failed(error);
    } finally {
      this.#inHand -= 1;
    }
  }

  #carryOut(message: WireMessage): Promise<CommandAnswer> {
    const command = commandOf(message, this.#aggregate, this.#limits);
    const { entityId, type, data, commandId, timeoutMs, expectedVersion, metadata } = command;
    if (timeoutMs <= 0) throw new DeadlineExceededError(commandId);
    const carryOut = (from: Metadata) => {
      const given = { ...from, commandId, timeoutMs };
      const options = expectedVersion === undefined ? given : { ...given, expectedVersion };
      return this.#ask(this.#aggregate, entityId, { type, data }, options);
    };
    const span = this.#tracer?.start(
      `process ${this.#aggregate}`,
      "server",
      {
        "messaging.system": "tidemark",
        "messaging.operation.type": "process",
        "messaging.destination.name": this.#aggregate,
        "messaging.message.id": commandId,
        "tidemark.command": type,
      },
      traceOf(metadata.headers),
    );
    if (span === undefined) return carryOut(metadata);
    return spanned(span, carryOut(tracedMetadata(metadata, span.context, this.#limits)));
  }
}

function failed(error: unknown): WireMessage {
  // What the sender gave is refused: to them it is a message that can't be taken.
  const isRefusal = error instanceof InvalidArgumentError;
  return failureMessage(failureOf(isRefusal ? new BadMessageError(error.message) : error));
}
