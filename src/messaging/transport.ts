/**
 * The port of transports: how messages get from one service to another. `in-process.ts` carries them by function calls,
 * `nats/` over a NATS server; one contract suite (`test/conformance/transport.ts`) holds both to what is written here.
 *
 * ```
 *   request ---> [ command | endpoint ] ---> serve           one answer, or a typed failure
 *   publish ---> [ the log of all services ] ---> consume    kept, in order, at least once
 * ```
 *
 * A transport may lose, repeat and delay. What makes it exact is outside: command ids, positions, and checkpoints in the commit
 * that handles a message.
 */
import type { Clock, Ids } from "../kernel/clock.js";
import type { Logger } from "../kernel/log.js";

/** A message as it travels. Header names are lower-case, their values printable ASCII: whoever writes one encodes the rest. */
export interface WireMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** Where a request goes. Names and ids are the user's: a transport encodes them. */
export type Address =
  | { readonly kind: "command"; readonly aggregate: string; readonly entityId: string }
  | { readonly kind: "endpoint"; readonly name: string };

/** What a runtime answers: all commands of an aggregate, or one endpoint. */
export type Service =
  | { readonly kind: "command"; readonly aggregate: string }
  | { readonly kind: "endpoint"; readonly name: string; readonly description: string };

/** What a transport needs of its runtime. */
export interface TransportHost {
  /** Of the journal: names the runtime among all others. */
  readonly storeId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly logger: Logger;
}

/** A kind of transport, not connected yet: what `openRuntime({ messaging })` is given. */
export interface Transport {
  readonly name: string;
  /**
   * Resolves once it works or, where the other side can't be reached, once it goes on trying by itself.
   *
   * @throws TidemarkError - It can never work as it is set up.
   */
  connect(host: TransportHost): Promise<TransportConnection>;
}

/** An event on its way to the log of all services. */
export interface Publication {
  readonly aggregate: string;
  readonly entityId: string;
  /** `<store id>:<position>`: the same one again is kept once, as long as the transport remembers. */
  readonly messageId: string;
  readonly message: WireMessage;
}

/** Where the log of all services stands. */
export interface LogStanding {
  /** Another one means that the log was made anew, and holds nothing of what was published before. */
  readonly incarnation: string;
  readonly lastSequence: number;
}

/** A message of the log, as a consumer gets it. */
export interface Delivery {
  readonly message: WireMessage;
  /** Place in the log of all services; ascends. */
  readonly sequence: number;
  /** How often it was delivered to this consumer, this time included. */
  readonly deliveries: number;
}

/**
 * What to do with a page of deliveries: the first `done` are done for good, the rest is delivered again after a while.
 * Meanwhile later ones come, up to `WAITING_MAX` that wait: what the rest waits for may stand behind it.
 */
export interface Handled {
  /** How many of the page, from its beginning, are done. */
  readonly done: number;
  /** When the rest is delivered again; ignored where all are done. */
  readonly redeliverAfterMs: number;
}

/** What a consumer of the log of all services says. */
export interface ConsumeOptions {
  readonly aggregate: string;
  /** Names the consumer for ever: under it the transport remembers what is done. */
  readonly durable: string;
  readonly pageMax: number;
  /** Pages come one at a time, in order of sequence. A rejection means that nothing of the page is done. */
  handle(page: readonly Delivery[]): Promise<Handled>;
}

/** Something that goes on until it is closed. */
export interface Closable {
  /** Takes no more, and waits for what is in hand. */
  close(): Promise<void>;
}

/** How the connection of a runtime to others stands. */
export interface ConnectionStatus {
  readonly transport: string;
  readonly connected: boolean;
  /** Since when it is as it is. */
  readonly sinceMs: number;
  /** Times the connection was made again. */
  readonly reconnects: number;
  /** Whom it is connected to, without credentials; undefined in process. */
  readonly server: string | undefined;
  readonly serverVersion: string | undefined;
  /** What the server can't do, and what is done instead. */
  readonly limitations: readonly string[];
  readonly lastError: Error | undefined;
}

/** A transport at work. */
export interface TransportConnection {
  /** How it stands now; asks nobody. */
  status(): ConnectionStatus;
  /** Called whenever the connection comes or goes. Returns what ends it. */
  onChange(listener: (connected: boolean) => void): () => void;

  /**
   * Sends a request and waits for its answer.
   *
   * @throws NoRespondersError - Nobody serves that address now. Nothing was done; may be retried.
   * @throws DisconnectedError - There is no connection; told at once. Nothing was sent; may be retried.
   * @throws RequestTimeoutError - No answer in time. It may have been carried out: retry with the same id.
   */
  request(address: Address, message: WireMessage, timeoutMs: number): Promise<WireMessage>;

  /** Answers requests until it is closed, also after a reconnection. `answer` never rejects. */
  serve(
    service: Service,
    answer: (message: WireMessage) => Promise<WireMessage>,
  ): Promise<Closable>;

  /**
   * Puts an event into the log of all services, behind those published before by this runtime: many may be on their way.
   *
   * @returns Its place, once the transport has it.
   * @throws TidemarkError - It may be there or not: publish it again, with the same id, before any later one.
   */
  publish(
    publication: Publication,
  ): Promise<{ readonly sequence: number; readonly duplicate: boolean }>;

  /** How the log stands. @throws DisconnectedError, RequestTimeoutError - Nobody knows now. */
  standing(): Promise<LogStanding>;

  /** The message at a place of the log; undefined where it isn't there (any more). */
  messageAt(sequence: number): Promise<WireMessage | undefined>;

  /** The last message of an aggregate that this runtime's store has published; undefined where there is none. */
  lastPublished(
    aggregate: string,
  ): Promise<{ readonly sequence: number; readonly message: WireMessage } | undefined>;

  /** Delivers the log's messages of an aggregate until it is closed, also after a reconnection or the loss of the log. */
  consume(options: ConsumeOptions): Promise<Closable>;

  /** Lets go of the connection and all that was served or consumed over it. Harmless when repeated. */
  close(): Promise<void>;
}

/** Header under which every published message has the id of its event: its store and position. */
export const POSITION_HEADER = "tidemark-position";

/** Publications of one runtime on their way at a time. */
export const IN_FLIGHT_MAX = 256;

/** Deliveries of one consumer that aren't done, at the least before no more come: several times {@link IN_FLIGHT_MAX}. */
export const WAITING_MAX = 1_000;

/** An address for people. */
export function addressText(address: Address): string {
  return address.kind === "command"
    ? `${address.aggregate}/${address.entityId}`
    : `endpoint ${address.name}`;
}
