/**
 * Delivers the log's messages of one aggregate, page by page and in order, for as long as it isn't closed.
 *
 * ```
 *   durable consumer --pull--> PulledMessages --take--> handle --acknowledge--> durable consumer
 * ```
 *
 * What a handler didn't do stays here and is handed out again after its time: given back to the server, it would lose its place,
 * and after a crash nobody would know its order.
 */
import type { Msg, NatsConnection } from "nats";
import { backOffMs } from "../../kernel/back-off.js";
import type { Timer } from "../../kernel/clock.js";
import { asError } from "../../kernel/errors.js";
import {
  WAITING_MAX,
  type Closable,
  type ConsumeOptions,
  type Handled,
  type TransportHost,
} from "../transport.js";
import { DurableConsumer } from "./durable-consumer.js";
import type { EventLog } from "./event-log.js";
import type { Link } from "./link.js";
import { receivedOf } from "./message-headers.js";
import type { NatsSettings } from "./options.js";
import { Pauses } from "./pauses.js";
import { Pull } from "./pull.js";
import { PulledMessages } from "./pulled-messages.js";
import { flushed } from "./settled.js";
import { consumerName } from "./subjects.js";

const ACK = Buffer.from("+ACK");
const NAK = Buffer.from("-NAK");
const WORKING = Buffer.from("+WPI");
const TERM = Buffer.from("+TERM");
const ACK_WAIT_MS = 15_000;
const WORKING_EVERY_MS = 5_000;
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 30_000;

/** What a consumer works with. */
export interface LogConsumerPorts {
  readonly settings: NatsSettings;
  readonly host: TransportHost;
  readonly link: Link;
  readonly log: EventLog;
}

export class LogConsumer implements Closable {
  readonly #options: ConsumeOptions;
  readonly #ports: LogConsumerPorts;
  readonly #name: string;
  readonly #durable: DurableConsumer;
  readonly #pulled: PulledMessages;
  #working: Timer | undefined;
  readonly #loops: Promise<unknown>;
  #pull: Pull | undefined;
  #attachedTo: NatsConnection | undefined;
  #dropped = 0;
  readonly #pauses: Pauses;
  #closed = false;
  #endWait: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ConsumeOptions, ports: LogConsumerPorts) {
    this.#options = options;
    this.#ports = ports;
    const { subjects, logTimeoutMs } = ports.settings;
    this.#name = consumerName(options.durable);
    this.#durable = new DurableConsumer({
      stream: subjects.stream,
      name: this.#name,
      filter: subjects.eventsOf(options.aggregate),
      ackWaitMs: ACK_WAIT_MS,
      unackedMax: WAITING_MAX + 2 * options.pageMax,
      timeoutMs: logTimeoutMs,
    });
    this.#pauses = new Pauses(ports.host.clock);
    this.#pulled = new PulledMessages(ports.host.clock, options.pageMax);
    this.#sayWorking();
    this.#loops = Promise.all([this.#fill(), this.#work()]);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#closed = true;
    this.#pull?.end();
    this.#endWait();
    this.#pauses.end();
    this.#pulled.close();
    await this.#loops;
    this.#working?.cancel();
    // In order, so that whoever comes next under this name gets them at once and as they stood.
    this.#send(this.#pulled.ackSubjects(), NAK);
    await flushed(this.#ports.link.connection);
  }

  /** Keeps a pull going over whatever connection there is. */
  async #fill(): Promise<void> {
    let failures = 0;
    for (;;) {
      // Who was closed while there is no connection would wait for one for ever.
      if (this.#isClosed()) return;
      const connection = await this.#ports.link.wait((end) => (this.#endWait = end));
      if (connection === undefined || this.#isClosed()) return;
      try {
        const pull = await this.#attach(connection);
        failures = 0;
        await pull.ended;
      } catch (error) {
        failures += 1;
        await this.#onFailure(error, connection);
      }
      // With a new connection it goes on at once.
      if (!connection.isClosed()) await this.#pauses.pause(pauseMs(failures));
    }
  }

  async #onFailure(error: unknown, connection: NatsConnection): Promise<void> {
    if (connection.isClosed()) return;
    this.#warn(error, "a consumer of the log can't start; trying again");
    // The stream may be what is missing.
    await this.#ports.log.prepare(connection);
  }

  /** A method, because it changes while others wait. */
  #isClosed(): boolean {
    return this.#closed;
  }

  async #attach(connection: NatsConnection): Promise<Pull> {
    let info = await this.#durable.ensure(connection);
    // It counts on where it was left, unless it was made anew, went back, or delivered into a connection that ended.
    const isSame = info.delivered.consumer_seq === this.#pulled.lastOrdinal;
    if (!isSame) {
      this.#pulled.drop();
      // Once for a connection: two processes under one name would take it from each other for ever.
      if (info.num_ack_pending > 0 && this.#attachedTo !== connection)
        info = await this.#durable.rewind(connection, info);
    }
    this.#attachedTo = connection;
    // Those that were lost with a connection would keep their places until the wait for them is over.
    this.#send(this.#pulled.lastDone(), ACK);
    const pull = new Pull({
      connection,
      clock: this.#ports.host.clock,
      inboxPrefix: this.#ports.link.inboxPrefix,
      stream: this.#ports.settings.subjects.stream,
      consumer: this.#name,
      pageMax: this.#options.pageMax,
      hasRoom: () => this.#pulled.hasRoom(WAITING_MAX),
      onMessage: (message) => this.#take(message),
      onCompleted: () => this.#pulled.completed(),
    });
    this.#pull = pull;
    if (this.#isClosed()) pull.end();
    return pull;
  }

  #take(message: Msg): void {
    const place = placeOf(message.reply ?? "");
    const { subjects } = this.#ports.settings;
    const parsed = subjects.parseEvent(message.subject);
    if (place === undefined || parsed?.aggregate !== this.#options.aggregate) {
      this.#dropped += 1;
      if (message.reply !== undefined) this.#send([message.reply], TERM);
      this.#warn(undefined, `${this.#dropped} messages of the log have a subject nobody makes`);
      return;
    }
    const { sequence, deliveries, ordinal, pending } = place;
    this.#pulled.add({
      delivery: {
        message: receivedOf(message),
        sequence,
        deliveries,
      },
      ackSubject: message.reply ?? "",
      ordinal,
      pending,
    });
  }

  /** Hands out pages, one at a time. */
  async #work(): Promise<void> {
    let rejections = 0;
    for (;;) {
      const taken = await this.#pulled.take();
      if (taken === undefined) return;
      let handled: Handled = { done: 0, redeliverAfterMs: 0 };
      try {
        handled = await this.#options.handle(taken.page);
        rejections = 0;
      } catch (error) {
        rejections += 1;
        this.#warn(error, "a page of the log wasn't handled; it comes again");
      }
      this.#send(this.#pulled.settle(taken.epoch, handled), ACK);
      this.#pull?.ask();
      // Whoever can't handle a page can't handle the next: none passes it.
      if (rejections > 0) await this.#pauses.pause(pauseMs(rejections));
    }
  }

  #send(subjects: readonly string[], payload: Uint8Array): void {
    const { connection } = this.#ports.link;
    if (connection === undefined || connection.isClosed()) return;
    for (const subject of subjects) connection.publish(subject, payload);
  }

  /** What waits here for a slow handler must not be delivered to somebody else meanwhile. */
  #sayWorking(): void {
    this.#working = this.#ports.host.clock.setTimer(WORKING_EVERY_MS, () => {
      this.#send(this.#pulled.ackSubjects(), WORKING);
      this.#sayWorking();
    });
  }

  #warn(error: unknown, problem: string): void {
    const { aggregate } = this.#options;
    const fields = { aggregate, consumer: this.#name };
    const { logger } = this.#ports.host;
    if (error === undefined) logger.warn(fields, problem);
    else logger.warn({ ...fields, error: asError(error) }, problem);
  }
}

/** Without a failure it waits as after the first. */
function pauseMs(failures: number): number {
  return backOffMs(Math.max(1, failures), RETRY_MS_MIN, RETRY_MS_MAX);
}

/** What the subject that acknowledges a message says of it. Servers since 2.10 may put a domain and an account before. */
function placeOf(ackSubject: string) {
  const tokens = ackSubject.split(".");
  if (tokens[0] !== "$JS" || tokens[1] !== "ACK") return undefined;
  const numbers = tokens.length === 9 ? tokens.slice(4) : tokens.slice(6);
  const [deliveries = 0, sequence = 0, ordinal = 0, , pending] = numbers.map(Number);
  return pending === undefined ? undefined : { deliveries, sequence, ordinal, pending };
}
