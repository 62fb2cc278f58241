/**
 * Everything that one runtime has to do with messages: what it answers, what it asks, what it publishes and what it takes from
 * others. Without a transport it answers itself, in process, once somebody asks.
 */
import type { Journal, ViewStore } from "../../journal/index.js";
import { checkInteger } from "../kernel/check.js";
import { keptAlive, type Clock, type Ids } from "../kernel/clock.js";
import type { CommandAnswer, CommandTarget } from "../kernel/command-port.js";
import { counted } from "../kernel/counted.js";
import type { Message } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import type { Tracer } from "../kernel/tracer.js";
import type { Logger } from "../kernel/log.js";
import { endpointAnswerOf } from "./answer-wire.js";
import { CommandService, type AskLocally } from "./command-service.js";
import { EndpointService, requestMessage, type Endpoint } from "./endpoint.js";
import { MessagingClosedError } from "./errors.js";
import { Imports, type RemoteRef } from "./imports.js";
import { Importer, type ImportStatus } from "./importer.js";
import { inProcessHub } from "./in-process.js";
import { Relay, type RelayStatus } from "./relay.js";
import { RemoteCommands, type RemoteAskOptions } from "./remote-commands.js";
import type { RemoteAggregate } from "./remote.js";
import type { Closable, ConnectionStatus, Transport, TransportConnection } from "./transport.js";

export interface MessagingOptions<Context> {
  /** Of this runtime among all; where it isn't given, its store's id. */
  readonly service: string | undefined;
  /** Undefined: within this runtime only, and only once it is needed. */
  readonly transport: Transport | undefined;
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly tracer?: Tracer;
  /** Another process owns the journal: this one asks, and does nothing else. */
  readonly readOnly: boolean;
  readonly askTimeoutMs: number;
  /** Names of the aggregates whose commands are answered. */
  readonly commands: readonly string[];
  /** Names of the aggregates whose events are published. */
  readonly events: readonly string[];
  readonly remotes: readonly RemoteAggregate[];
  readonly endpoints: readonly Endpoint<unknown, unknown, Context>[];
  readonly ask: AskLocally;
  readonly endpointContext: (signal: AbortSignal) => Context;
}

/** How messaging stands. */
export interface MessagingStatus {
  readonly connection: ConnectionStatus;
  /** Undefined where nothing is published. */
  readonly relay: RelayStatus | undefined;
  readonly imports: readonly ImportStatus[];
}

/** Something that doesn't work, or wants somebody to look at it. */
export interface MessagingProblem {
  readonly reader: string;
  readonly state: "degraded" | "unhealthy";
  readonly problem: string;
}

export class Messaging<Context = unknown> {
  readonly imports: Imports;
  readonly #options: MessagingOptions<Context>;
  readonly #commands: RemoteCommands;
  readonly #importers: ReadonlyMap<string, Importer>;
  readonly #serving: Closable[] = [];
  #connecting: Promise<TransportConnection> | undefined;
  #connection: TransportConnection | undefined;
  #relay: Relay | undefined;
  #closed = false;

  private constructor(options: MessagingOptions<Context>) {
    this.#options = options;
    this.#commands = new RemoteCommands({ ...options, storeId: options.journal.storeId });
    const service = options.service ?? options.journal.storeId;
    const importing = options.readOnly ? [] : options.remotes;
    this.#importers = new Map(
      importing.map((remote) => [remote.name, new Importer({ ...options, service, remote })]),
    );
    this.imports = new Imports(this.#importers);
  }

  /**
   * Resolves once requests are answered and messages come, or the transport goes on trying.
   *
   * @throws TidemarkError - The transport can never work as it is set up.
   */
  static async open<Context>(options: MessagingOptions<Context>): Promise<Messaging<Context>> {
    const messaging = new Messaging(options);
    const { transport, remotes, endpoints, clock } = options;
    if (transport === undefined && remotes.length === 0 && endpoints.length === 0) return messaging;
    try {
      await keptAlive(clock, messaging.#connected());
    } catch (error) {
      await messaging.stopIntake();
      await messaging.close();
      throw error;
    }
    return messaging;
  }

  #connected(): Promise<TransportConnection> {
    if (this.#closed) return Promise.reject(new MessagingClosedError());
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<TransportConnection> {
    const { transport = inProcessHub(), journal, clock, ids, logger, events } = this.#options;
    const host = { storeId: journal.storeId, clock, ids, logger };
    const connection = await transport.connect(host);
    this.#connection = connection;
    if (this.#options.readOnly) return connection;
    await this.#serve(connection);
    // In a hub of its own nobody would read what it publishes.
    if (this.#options.transport !== undefined && events.length > 0)
      this.#relay = new Relay({ ...this.#options, aggregates: events, connection });
    for (const importer of this.#importers.values()) await importer.start(connection);
    return connection;
  }

  async #serve(connection: TransportConnection): Promise<void> {
    const { commands, endpoints, ask, limits, tracer, endpointContext } = this.#options;
    for (const aggregate of commands)
      this.#serving.push(
        await new CommandService(aggregate, ask, limits, tracer).serve(connection),
      );
    for (const endpoint of endpoints)
      this.#serving.push(
        await new EndpointService(endpoint, endpointContext, limits).serve(connection),
      );
  }

  /** See `RemoteHandle.ask`. */
  async ask(
    target: CommandTarget,
    entityId: string,
    command: Message,
    options: RemoteAskOptions,
  ): Promise<CommandAnswer> {
    return this.#commands.ask(await this.#connected(), target, entityId, command, options);
  }

  /** See `Runtime.call`. */
  async call(endpoint: RemoteRef, request: unknown, timeoutMs: number): Promise<unknown> {
    const { clock, limits } = this.#options;
    checkInteger("timeoutMs", timeoutMs, 1, 2 ** 31 - 1);
    const message = requestMessage(request, limits);
    const connection = await this.#connected();
    const address = { kind: "endpoint", name: endpoint.name } as const;
    const answer = await keptAlive(clock, connection.request(address, message, timeoutMs));
    return endpointAnswerOf(answer, endpoint.name, limits);
  }

  /** Undefined where no messages were needed so far. */
  status(): MessagingStatus | undefined {
    if (this.#connection === undefined) return undefined;
    return {
      connection: this.#connection.status(),
      relay: this.#relay?.status(),
      imports: [...this.#importers.values()].map((importer) => importer.status()),
    };
  }

  problems(): MessagingProblem[] {
    const status = this.status();
    if (status === undefined) return [];
    const { connection, relay, imports } = status;
    const problems = imports.flatMap(importProblems);
    if (!connection.connected && !this.#closed)
      problems.push(degraded("messaging", `there is no connection to ${connection.transport}`));
    if (relay?.state === "retrying") problems.push(relayProblem(relay));
    return problems;
  }

  /** Answers nothing and takes nothing more; what is in hand is answered. */
  async stopIntake(): Promise<void> {
    this.#closed = true;
    await this.#connecting?.catch(() => undefined);
    await Promise.all(this.#serving.splice(0).map((each) => each.close()));
    await Promise.all([...this.#importers.values()].map((importer) => importer.close()));
  }

  /** After the last commit: stops publishing, and lets go of the transport. */
  async close(): Promise<void> {
    await this.#relay?.close();
    await this.#connection?.close();
  }
}

function relayProblem({ lastError }: RelayStatus): MessagingProblem {
  const text = `the relay tries again: ${lastError?.message ?? "unknown"}`;
  const isLasting =
    (lastError as { readonly retryable?: unknown } | undefined)?.retryable === false;
  return { reader: "relay", state: isLasting ? "unhealthy" : "degraded", problem: text };
}

function importProblems(status: ImportStatus): MessagingProblem[] {
  const { aggregate, state, waiting, parked, lastError } = status;
  const reader = `import of ${aggregate}`;
  const problems: MessagingProblem[] = [];
  if (parked > 0)
    problems.push(degraded(reader, `${counted(parked, "message is", "messages are")} parked`));
  if (state === "retrying")
    problems.push(degraded(reader, `it tries again: ${lastError?.message ?? "unknown"}`));
  for (const { storeId, missing } of waiting)
    problems.push(degraded(reader, `event ${missing} of store ${storeId} is missing`));
  return problems;
}

function degraded(reader: string, problem: string): MessagingProblem {
  return { reader, state: "degraded", problem };
}
