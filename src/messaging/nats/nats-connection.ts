/** A transport at work over NATS: what the port asks for, put together. */
import { RemoteFailedError } from "../errors.js";
import type {
  Address,
  Closable,
  ConnectionStatus,
  ConsumeOptions,
  LogStanding,
  Publication,
  Service,
  TransportConnection,
  TransportHost,
  WireMessage,
} from "../transport.js";
import { EventLog } from "./event-log.js";
import { Link } from "./link.js";
import { LogConsumer } from "./log-consumer.js";
import type { LogMessage } from "./log-reader.js";
import { encodeEntity, ENTITY_HEADER, ReceivedHeaders, toWire } from "./message-headers.js";
import { failureOf } from "./nats-failures.js";
import type { NatsSettings } from "./options.js";
import { ERROR_CODE_HEADER, ERROR_HEADER, OVERLOADED, Served } from "./served.js";
import { limitationsOf } from "./server-features.js";
import { flushed } from "./settled.js";
import { ServiceDiscovery } from "./service-discovery.js";

export class NatsTransportConnection implements TransportConnection {
  readonly #settings: NatsSettings;
  readonly #host: TransportHost;
  readonly #link: Link;
  readonly #log: EventLog;
  readonly #discovery: ServiceDiscovery;
  readonly #served = new Set<Served>();
  readonly #consumers = new Set<LogConsumer>();

  constructor(settings: NatsSettings, host: TransportHost) {
    this.#settings = settings;
    this.#host = host;
    this.#link = new Link(settings, host, (connection) => this.#log.prepare(connection));
    this.#log = new EventLog(settings, host, this.#link);
    this.#discovery = new ServiceDiscovery(settings.subjects, host, () => this.#served);
    // In the same turn in which the connection is there: whatever is served later attaches itself.
    this.#link.onChange(() => this.#attach());
  }

  /** @throws UnsupportedServerError - The server is none to work with. */
  async start(): Promise<void> {
    try {
      await this.#link.start();
    } catch (error) {
      await this.#link.close();
      throw error;
    }
  }

  #attach(): void {
    const { connection } = this.#link;
    if (connection === undefined) return;
    this.#discovery.attach(connection);
    for (const served of this.#served) served.attach(connection);
  }

  status(): ConnectionStatus {
    const { traits, ...state } = this.#link.state();
    const limitations = traits === undefined ? [] : limitationsOf(traits);
    return {
      transport: "nats",
      ...state,
      serverVersion: traits?.version,
      limitations: [...limitations, ...this.#log.notes()],
    };
  }

  onChange(listener: (connected: boolean) => void): () => void {
    return this.#link.onChange(listener);
  }

  async request(address: Address, message: WireMessage, timeoutMs: number): Promise<WireMessage> {
    const { connection, requests } = this.#link.live();
    const headers = toWire(message.headers);
    if (address.kind === "command") headers.add(ENTITY_HEADER, encodeEntity(address.entityId));
    const subject = this.#settings.subjects.request(address);
    const { payload } = message;
    try {
      const question = { subject, payload, headers, timeoutMs, address: nameOf(address) };
      const reply = await requests.ask(question);
      const received = new ReceivedHeaders(reply);
      const code = received.get(ERROR_CODE_HEADER) ?? "";
      if (code !== "") throw refusedBy(address, Number(code), received.get(ERROR_HEADER) ?? "");
      return { headers: received.all(), payload: reply.data };
    } catch (error) {
      throw failureOf(error, {
        address: nameOf(address),
        timeoutMs,
        bytes: payload.length,
        bytesMax: connection.info?.max_payload ?? 0,
      });
    }
  }

  async serve(
    service: Service,
    answer: (message: WireMessage) => Promise<WireMessage>,
  ): Promise<Closable> {
    const { subjects } = this.#settings;
    const served: Served = new Served(service, subjects, this.#host, answer, () =>
      this.#served.delete(served),
    );
    this.#served.add(served);
    const connection = this.#link.connection;
    if (connection !== undefined) {
      served.attach(connection);
      // Once the server has it, whoever asks is answered.
      await flushed(connection);
    }
    return served;
  }

  publish(publication: Publication) {
    return this.#log.publish(publication);
  }

  standing(): Promise<LogStanding> {
    return this.#log.standing();
  }

  async messageAt(sequence: number): Promise<WireMessage | undefined> {
    return (await this.#log.messageAt(sequence))?.message;
  }

  lastPublished(aggregate: string): Promise<LogMessage | undefined> {
    return this.#log.lastPublished(aggregate);
  }

  async consume(options: ConsumeOptions): Promise<Closable> {
    const consumer = new LogConsumer(options, {
      settings: this.#settings,
      host: this.#host,
      link: this.#link,
      log: this.#log,
    });
    this.#consumers.add(consumer);
    return {
      close: async () => {
        await consumer.close();
        this.#consumers.delete(consumer);
      },
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#served, ...this.#consumers].map((each) => each.close()));
    // Answers that were just given are on their way.
    await flushed(this.#link.connection);
    await this.#link.close();
  }
}

function nameOf(address: Address): string {
  return address.kind === "endpoint"
    ? `endpoint ${address.name}`
    : `${address.aggregate}/${address.entityId}`;
}

/** The transport on the other side answered in place of the service. */
function refusedBy(address: Address, code: number, text: string): RemoteFailedError {
  const isOverloaded = code === OVERLOADED;
  const remoteCode = isOverloaded ? "overloaded" : "transport-refused";
  return new RemoteFailedError(nameOf(address), remoteCode, isOverloaded, text);
}
