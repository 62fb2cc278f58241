/** One service that answers requests: subscribed anew on every connection, until it is closed. */
import type { Msg, NatsConnection, Subscription } from "nats";
import { asError } from "../../kernel/errors.js";
import type { Closable, Service, TransportHost, WireMessage } from "../transport.js";
import {
  decodeEntity,
  ENTITY_HEADER,
  OutgoingHeaders,
  ReceivedHeaders,
  toWire,
} from "./message-headers.js";
import { drained } from "./settled.js";
import type { Subjects } from "./subjects.js";

/** Requests go to one of the processes that serve the same. */
export const QUEUE = "tidemark";
/** Requests in hand of one service; beyond it they are refused at once. */
const IN_HAND_MAX = 4_096;

/** Of an answer that isn't the service's: a number and a text, as NATS services have it. */
export const ERROR_CODE_HEADER = "Nats-Service-Error-Code";
export const ERROR_HEADER = "Nats-Service-Error";
export const REFUSED = 400;
export const FAILED = 500;
export const OVERLOADED = 503;

/** As the tools of NATS show it; times in nanoseconds. */
export interface ServedStats {
  num_requests: number;
  num_errors: number;
  last_error: string;
  processing_time: number;
}

export class Served implements Closable {
  readonly service: Service;
  readonly subject: string;
  readonly stats: ServedStats = {
    num_requests: 0,
    num_errors: 0,
    last_error: "",
    processing_time: 0,
  };
  readonly #subjects: Subjects;
  readonly #host: TransportHost;
  readonly #answer: (message: WireMessage) => Promise<WireMessage>;
  readonly #onClosed: () => void;
  #attached: { subscription: Subscription; connection: NatsConnection } | undefined;
  #inHand = 0;
  #onIdle: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(
    service: Service,
    subjects: Subjects,
    host: TransportHost,
    answer: (message: WireMessage) => Promise<WireMessage>,
    onClosed: () => void,
  ) {
    this.service = service;
    this.#subjects = subjects;
    this.#host = host;
    this.#answer = answer;
    this.#onClosed = onClosed;
    this.subject =
      service.kind === "command"
        ? subjects.commandsOf(service.aggregate)
        : subjects.endpoint(service.name);
  }

  attach(connection: NatsConnection): void {
    const subscription = connection.subscribe(this.subject, {
      queue: QUEUE,
      callback: (error, message) => {
        if (error !== null) {
          const { subject } = this;
          this.#host.logger.warn({ subject, error }, "NATS doesn't let this service answer");
        } else void this.#handle(message);
      },
    });
    this.#attached = { subscription, connection };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#onClosed();
    // What the server has sent is still answered. Without a connection there is nothing to drain.
    if (this.#attached !== undefined)
      await drained(this.#attached.subscription, this.#attached.connection);
    if (this.#inHand > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #handle(message: Msg): Promise<void> {
    const startedMs = this.#host.clock.monotonicMs();
    this.stats.num_requests += 1;
    const received = new ReceivedHeaders(message);
    const refusal = this.#refusal(message.subject, received);
    if (refusal !== undefined) {
      this.#refuse(message, ...refusal);
      return;
    }
    this.#inHand += 1;
    try {
      const { headers, payload } = await this.#answer({
        headers: received.all(),
        payload: message.data,
      });
      message.respond(payload, toWire(headers).asOption());
    } catch (error) {
      // An answer that is too large, or a connection that has ended.
      this.#refuse(message, FAILED, asError(error).message);
    } finally {
      this.#inHand -= 1;
      if (this.#inHand === 0) this.#onIdle();
      const tookMs = this.#host.clock.monotonicMs() - startedMs;
      this.stats.processing_time += Math.round(tookMs * 1e6);
    }
  }

  #refusal(subject: string, received: ReceivedHeaders): [number, string] | undefined {
    if (this.#inHand >= IN_HAND_MAX) return [OVERLOADED, "too many requests are in hand"];
    if (this.service.kind === "endpoint") return undefined;
    // Whoever may publish to one partition only must not reach an entity of another.
    const entityId = decodeEntity(received.get(ENTITY_HEADER) ?? "");
    const { aggregate } = this.service;
    if (
      entityId !== undefined &&
      entityId !== "" &&
      this.#subjects.isCommandOf(subject, aggregate, entityId)
    )
      return undefined;
    return [REFUSED, "the entity isn't of this subject's partition"];
  }

  #refuse(message: Msg, code: number, text: string): void {
    this.stats.num_errors += 1;
    this.stats.last_error = text;
    const headers = new OutgoingHeaders();
    headers.add(ERROR_CODE_HEADER, String(code));
    headers.add(ERROR_HEADER, text.replace(/[^\x20-\x7e]+/g, " ").trim());
    // Each doubling is a line: whoever sends nonsense must not fill the log.
    const { num_errors: count } = this.stats;
    if ((count & (count - 1)) === 0)
      this.#host.logger.warn({ subject: this.subject, code, count }, `a request failed: ${text}`);
    try {
      message.respond(undefined, headers.asOption());
    } catch {
      // The connection has ended; whoever asked knows.
    }
  }
}
