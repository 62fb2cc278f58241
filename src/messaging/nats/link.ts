/**
 * The connection that is always wanted: made, lost and made again for ever, each time as a new one of the client. The client's
 * own reconnection is off, because it keeps what was written meanwhile and sends it late, gives up after two refused
 * logins, and can't be stopped while it makes its first connection.
 */
import { connect, type ConnectionOptions, type NatsConnection } from "nats";
import { backOffMs } from "../../kernel/back-off.js";
import type { Timer } from "../../kernel/clock.js";
import { asError } from "../../kernel/errors.js";
import { DisconnectedError } from "../errors.js";
import type { TransportHost } from "../transport.js";
import { UnsupportedServerError } from "./errors.js";
import type { NatsSettings } from "./options.js";
import { Requests } from "./requests.js";
import { checkServer, productionConcern, type ServerTraits } from "./server-features.js";
import { Pauses } from "./pauses.js";
import { probe } from "./server-probe.js";
import { partitionOf, PARTITIONS } from "./subjects.js";

const BACK_OFF_MS_MIN = 50;
/** Low enough that work resumes a moment after the server is there again. */
const BACK_OFF_MS_MAX = 1_500;
const UNANSWERED_PINGS_MAX = 2;

export interface LinkState {
  readonly connected: boolean;
  readonly sinceMs: number;
  readonly reconnects: number;
  readonly server: string | undefined;
  /** Of the last server seen. */
  readonly traits: ServerTraits | undefined;
  readonly lastError: Error | undefined;
}

/** A connection, and requests over it. */
export interface Live {
  readonly connection: NatsConnection;
  readonly requests: Requests;
}

export class Link {
  readonly #settings: NatsSettings;
  readonly #host: TransportHost;
  /** Called with every new connection, before anybody else hears of it. Never rejects. */
  readonly #prepare: (connection: NatsConnection) => Promise<void>;
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #waiting = new Set<() => void>();
  readonly inboxPrefix: string;
  #connection: NatsConnection | undefined;
  #requests: Requests | undefined;
  #preparing: NatsConnection | undefined;
  #sinceMs: number;
  #sessions = 0;
  #server: string | undefined;
  #traits: ServerTraits | undefined;
  #lastError: Error | undefined;
  #warnedOf: string | undefined;
  #hold: Timer | undefined;
  readonly #pauses: Pauses;
  readonly #closing = new AbortController();
  #closed = false;
  #running: Promise<void> = Promise.resolve();

  constructor(
    settings: NatsSettings,
    host: TransportHost,
    prepare: (connection: NatsConnection) => Promise<void>,
  ) {
    this.#settings = settings;
    this.#host = host;
    this.#prepare = prepare;
    this.#pauses = new Pauses(host.clock);
    this.#sinceMs = host.clock.nowMs();
    this.inboxPrefix = settings.subjects.inboxPrefix(settings.inbox ?? host.storeId);
  }

  /**
   * Resolves once it is connected, or once every server was tried in vain: it goes on by itself.
   *
   * @throws UnsupportedServerError - The first server that answered is none to work with.
   */
  start(): Promise<void> {
    // A service that waits for its server has nothing else that keeps its process alive.
    this.#hold = this.#host.clock.keepAlive?.();
    return new Promise((resolve, reject) => {
      this.#running = this.#run((error) => {
        if (error instanceof UnsupportedServerError) reject(error);
        else resolve();
      });
    });
  }

  state(): LinkState {
    return {
      connected: this.#connection !== undefined,
      sinceMs: this.#sinceMs,
      reconnects: Math.max(0, this.#sessions - 1),
      server: this.#connection === undefined ? undefined : this.#server,
      traits: this.#traits,
      lastError: this.#lastError,
    };
  }

  onChange(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  /** @throws DisconnectedError - There is none. */
  live(): Live {
    const connection = this.#connection;
    if (connection === undefined || this.#requests === undefined || connection.isClosed())
      throw new DisconnectedError("NATS", { cause: this.#lastError });
    return { connection, requests: this.#requests };
  }

  /** The connection, as soon as there is one; undefined once the link is closed, or the wait is ended. */
  wait(onEnd: (end: () => void) => void): Promise<NatsConnection | undefined> {
    if (this.#closed || this.#connection !== undefined) return Promise.resolve(this.#connection);
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve(this.#connection);
      };
      this.#waiting.add(wake);
      onEnd(wake);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#closing.abort();
    this.#pauses.end();
    const connection = this.#connection ?? this.#preparing;
    await connection?.close();
    await this.#running;
    this.#hold?.cancel();
    for (const wake of this.#waiting) wake();
  }

  async #run(tried: (error: Error | undefined) => void): Promise<void> {
    const { servers } = this.#settings;
    for (let failures = 0, next = 0; !this.#closed; next += 1) {
      const server = servers[next % servers.length] as string;
      try {
        const connection = await this.#dial(server);
        failures = 0;
        await this.#use(connection, server, () => tried(undefined));
      } catch (error) {
        failures += 1;
        this.#failed(server, asError(error), failures);
        if (failures >= servers.length || error instanceof UnsupportedServerError)
          tried(asError(error));
      }
      await this.#pause(failures);
    }
    tried(undefined);
  }

  async #dial(server: string): Promise<NatsConnection> {
    const { connectTimeoutMs, pingIntervalMs, authenticator, tls } = this.#settings;
    await probe(server, connectTimeoutMs, this.#host.clock, this.#closing.signal);
    const options: ConnectionOptions = {
      servers: [server],
      name: `tidemark ${this.#host.storeId}`,
      inboxPrefix: this.inboxPrefix,
      reconnect: false,
      ignoreClusterUpdates: true,
      noAsyncTraces: true,
      timeout: connectTimeoutMs,
      pingInterval: pingIntervalMs,
      maxPingOut: UNANSWERED_PINGS_MAX,
      ...(authenticator === undefined ? {} : { authenticator }),
      ...(tls === undefined ? {} : { tls }),
    };
    return connect(options);
  }

  async #use(connection: NatsConnection, server: string, onReady: () => void): Promise<void> {
    const ended = connection.closed();
    this.#preparing = connection;
    try {
      if (connection.info === undefined) throw new Error("the connection ended at once");
      // Closed while it was being made: nobody else would close it.
      if (this.#closed) throw new Error("closed while it connected");
      checkServer(connection.info);
      this.#traits = connection.info;
      this.#warnOfVersion(connection.info);
      await this.#prepare(connection);
    } catch (error) {
      await connection.close();
      throw error;
    } finally {
      this.#preparing = undefined;
    }
    if (!connection.isClosed()) {
      this.#sessions += 1;
      this.#requests = new Requests(connection, this.inboxPrefix, this.#host.clock);
      this.#server = server;
      this.#change(connection);
      onReady();
    }
    const reason = await ended;
    if (reason instanceof Error) this.#lastError = reason;
    this.#change(undefined);
  }

  #change(connection: NatsConnection | undefined): void {
    const connected = connection !== undefined;
    if (connected === (this.#connection !== undefined)) return;
    this.#connection = connection;
    this.#sinceMs = this.#host.clock.nowMs();
    const { logger } = this.#host;
    if (connected) logger.info({ server: this.#server }, "connected to NATS");
    else if (!this.#closed)
      logger.warn({ server: this.#server, error: this.#lastError }, "the connection to NATS ended");
    if (connected) for (const wake of this.#waiting) wake();
    for (const listener of this.#listeners) listener(connected);
  }

  #failed(server: string, error: Error, failures: number): void {
    this.#lastError = error;
    if (this.#closed) return;
    // Each doubling of the failures is a line, so that an outage of days leaves a dozen.
    if ((failures & (failures - 1)) === 0)
      this.#host.logger.warn({ server, failures, error }, "NATS can't be reached; trying again");
  }

  #warnOfVersion(traits: ServerTraits): void {
    const concern = productionConcern(traits);
    if (concern === undefined || this.#warnedOf === traits.version) return;
    this.#warnedOf = traits.version;
    this.#host.logger.warn({ serverVersion: traits.version }, concern);
  }

  async #pause(failures: number): Promise<void> {
    const pauseMs = backOffMs(failures + 1, BACK_OFF_MS_MIN, BACK_OFF_MS_MAX);
    // Up to half of it by chance: a hundred services must not come back in the same millisecond.
    const chance = partitionOf(this.#host.ids.newId()) / PARTITIONS;
    await this.#pauses.pause(pauseMs * (1 - chance / 2));
  }
}
