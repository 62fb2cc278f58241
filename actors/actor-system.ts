/**
 * The actors of one runtime: what `ask`, `tell`, `dryRun` and `state` mean, and how it all ends. The order of one
 * command is *admit → hydrate → decide → evolve → append → reply → passivate*.
 */
import { checkMetadata, type Journal } from "../journal/index.js";
import { AskTimeouts } from "../src/kernel/ask-timeouts.js";
import type { Clock, Ids, Timer } from "../src/kernel/clock.js";
import { asError, InvalidArgumentError } from "../src/kernel/errors.js";
import type { Message, Metadata, RecordedEvent, Version } from "../src/kernel/event.js";
import { checkId, streamIdOf, type StreamId } from "../src/kernel/ids.js";
import { checkInteger } from "../src/kernel/check.js";
import type { Limits } from "../src/kernel/limits.js";
import type { Logger } from "../src/kernel/log.js";
import type { Moment } from "../src/kernel/moment.js";
import type { Aggregate, AnyAggregate } from "./aggregate.js";
import type { Budget } from "./budget.js";
import { Call, type CallAnswer, type CommandOptions } from "./call.js";
import { DeadLetters, type DeadLetter } from "./dead-letters.js";
import type { Answer, DryRunAccepted, Rejected } from "./decision.js";
import { RuntimeClosedError, UnknownAggregateError } from "./errors.js";
import { Hydrator } from "./hydrator.js";
import { Permits } from "./permits.js";
import { Pool, type PoolFigures } from "./pool.js";
import { Snapshotter } from "./snapshotter.js";
import { readState, type StateAt } from "./state-reader.js";

/** What a caller may say about a told command. */
export interface TellOptions {
  /** The same id again gives the recorded answer and does nothing else. Unique in the whole journal. */
  readonly commandId?: string;
  /** Refuses the command with a VersionConflictError unless the entity is at this version. */
  readonly expectedVersion?: Version;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** The event that leads to this command: gives its correlation, and its id as the causation. */
  readonly causedBy?: RecordedEvent;
  /** The user's own plain data, recorded with every event. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What a caller may say about an asked command. */
export interface AskOptions extends TellOptions {
  /** How long to wait for the answer; defaults to the runtime's `askTimeoutMs`. */
  readonly timeoutMs?: number;
}

export interface ActorSystemOptions {
  readonly aggregates: readonly AnyAggregate[];
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly askTimeoutMs: number;
  readonly mailboxCapacity: number;
  readonly activationsMax: number;
  readonly stateBytesMax: number;
  readonly waitingMax: number;
  readonly hydrationsMax: number;
  /** What it shares with other runtimes; `permits` instead of `hydrationsMax` of its own. */
  readonly budget?: Budget;
  readonly permits?: Permits;
  /** Idle time after which an activation ends; 0 for never. */
  readonly passivateAfterMs: number;
}

/** What the entities in memory do. Counts are since the runtime was opened, but `activations`, `busy`, `stateBytes` and `waiting`, which are of now. */
export interface ActorFigures extends PoolFigures {
  readonly hydrations: number;
  /** Events folded by hydrations. */
  readonly eventsFolded: number;
  readonly snapshotsTaken: number;
  readonly snapshotsFailed: number;
  readonly deadLetters: number;
}

const TIMEOUT_MS_MAX = 2 ** 31 - 1;
const NO_OPTIONS: CommandOptions = Object.freeze({});

export class ActorSystem {
  readonly #options: ActorSystemOptions;
  readonly #known = new Set<AnyAggregate["behavior"]>();
  readonly #hydrator: Hydrator;
  readonly #snapshotter: Snapshotter;
  readonly #pool: Pool;
  readonly #timeouts: AskTimeouts;
  readonly #deadLetters: DeadLetters;
  #sweep: Timer | undefined;
  #closed = false;

  /** @throws InvalidArgumentError - Two aggregates have one name, or the journal holds event types that nobody can read. */
  constructor(options: ActorSystemOptions) {
    this.#options = options;
    const { journal, clock, ids, logger } = options;
    checkAggregates(options.aggregates, journal);
    for (const { behavior } of options.aggregates) this.#known.add(behavior);
    this.#hydrator = new Hydrator(
      journal,
      clock,
      options.permits ?? new Permits(options.hydrationsMax),
    );
    this.#snapshotter = new Snapshotter(journal, clock, logger);
    this.#timeouts = new AskTimeouts(clock);
    this.#deadLetters = new DeadLetters(clock, logger);
    const { mailboxCapacity } = options;
    const ports = {
      journal,
      clock,
      ids,
      hydrator: this.#hydrator,
      snapshotter: this.#snapshotter,
      mailboxCapacity,
    };
    this.#pool = new Pool(options, ports);
    this.#sweepLater();
  }

  /** Sends a command and waits for its answer; see `Runtime.ask`. */
  ask<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: AskOptions,
  ): Promise<Answer<Event>> {
    return new Promise((resolve, reject) => {
      const answer = resolve as (answer: CallAnswer) => void;
      this.#send(aggregate, entityId, command, options, false, answer, reject);
    });
  }

  /** What `ask` would be answered, with nothing recorded; see `Runtime.dryRun`. */
  dryRun<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: AskOptions,
  ): Promise<DryRunAccepted<State, Event> | Rejected> {
    return new Promise((resolve, reject) => {
      const answer = resolve as (answer: CallAnswer) => void;
      this.#send(aggregate, entityId, command, options, true, answer, reject);
    });
  }

  /** Sends a command that nobody waits for; see `Runtime.tell`. */
  tell<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: TellOptions,
  ): void {
    const streamId = this.#streamOf(aggregate, entityId);
    const bury = (reason: Rejected | Error) =>
      this.#deadLetters.add({ streamId, command, commandId: options?.commandId, reason });
    const answered = (answer: CallAnswer) => {
      if (answer.status === "rejected") bury(answer);
    };
    try {
      const call = this.#callOf(aggregate, streamId, command, options, false, answered, bury);
      this.#deliver(aggregate, entityId, streamId, call);
    } catch (error) {
      bury(asError(error));
    }
  }

  #send(
    aggregate: AnyAggregate,
    entityId: string,
    command: Message,
    options: AskOptions | undefined,
    dryRun: boolean,
    resolve: (answer: CallAnswer) => void,
    reject: (error: Error) => void,
  ): void {
    const streamId = this.#streamOf(aggregate, entityId);
    const timeoutMs = options?.timeoutMs ?? this.#options.askTimeoutMs;
    if (options?.timeoutMs !== undefined) checkInteger("timeoutMs", timeoutMs, 1, TIMEOUT_MS_MAX);
    const call = this.#callOf(aggregate, streamId, command, options, dryRun, resolve, reject);
    this.#deliver(aggregate, entityId, streamId, call);
    if (!call.settled) this.#timeouts.watch(call, timeoutMs);
  }

  #callOf(
    aggregate: AnyAggregate,
    streamId: StreamId,
    command: Message,
    options: TellOptions | undefined,
    dryRun: boolean,
    resolve: (answer: CallAnswer) => void,
    reject: (error: Error) => void,
  ): Call {
    if (this.#closed) throw new RuntimeClosedError();
    const data = aggregate.behavior.commandData(command);
    const commandOptions =
      options === undefined ? NO_OPTIONS : commandOptionsOf(options, this.#options.limits);
    return new Call(streamId, command, data, commandOptions, dryRun, resolve, reject);
  }

  #deliver(aggregate: AnyAggregate, entityId: string, streamId: StreamId, call: Call): void {
    this.#pool.deliver(aggregate.behavior, entityId, streamId, call);
  }

  #streamOf(aggregate: AnyAggregate, entityId: string): StreamId {
    if (!this.#known.has(aggregate.behavior)) throw new UnknownAggregateError(aggregate.name);
    return streamIdOf(aggregate.name, entityId);
  }

  /** The durable state of an entity, now or at a moment; see `Runtime.state`. */
  async state<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    at: Moment | undefined,
  ): Promise<StateAt<State>> {
    const streamId = this.#streamOf(aggregate, entityId);
    if (this.#closed) throw new RuntimeClosedError();
    const found = at === undefined ? this.#pool.find(streamId)?.durableState() : undefined;
    // Somebody may have appended past the actor; for a reader, its owner does.
    const { journal } = this.#options;
    const isNewest = found !== undefined && found.version === journal.streamVersion(streamId);
    const state = isNewest ? found : readState(journal, aggregate.behavior, streamId, at);
    return state as StateAt<State>;
  }

  deadLetters(): readonly DeadLetter[] {
    return this.#deadLetters.list();
  }

  figures(): ActorFigures {
    return {
      ...this.#pool.figures(),
      hydrations: this.#hydrator.hydrations,
      eventsFolded: this.#hydrator.eventsFolded,
      snapshotsTaken: this.#snapshotter.taken,
      snapshotsFailed: this.#snapshotter.failed,
      deadLetters: this.#deadLetters.count,
    };
  }

  #sweepLater(): void {
    const { passivateAfterMs, clock } = this.#options;
    if (passivateAfterMs === 0) return;
    this.#sweep = clock.setTimer(Math.max(1, passivateAfterMs / 2), () => {
      this.#pool.passivateIdle(clock.monotonicMs() - passivateAfterMs);
      this.#sweepLater();
    });
  }

  /** Takes no more commands, answers those it took, and ends every activation. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.cancel();
    await this.#pool.idle();
    this.#pool.passivateAll();
    await this.#snapshotter.idle();
    this.#timeouts.close();
  }
}

function commandOptionsOf(options: TellOptions, limits: Limits): CommandOptions {
  const { commandId, expectedVersion, causedBy, headers } = options;
  if (commandId !== undefined) checkId("commandId", commandId);
  if (expectedVersion !== undefined)
    checkInteger("expectedVersion", expectedVersion, 0, Number.MAX_SAFE_INTEGER);
  const correlationId = options.correlationId ?? causedBy?.correlationId;
  const causationId = options.causationId ?? causedBy?.eventId;
  const given = {
    ...(commandId === undefined ? {} : { commandId }),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  };
  if (correlationId === undefined && causationId === undefined && headers === undefined)
    return given;
  const metadata: Metadata = {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(headers === undefined ? {} : { headers }),
  };
  checkMetadata(metadata, limits);
  return { ...given, metadata };
}

function checkAggregates(aggregates: readonly AnyAggregate[], journal: Journal): void {
  const names = new Set<string>();
  for (const { name, behavior } of aggregates) {
    if (names.has(name)) throw new InvalidArgumentError("aggregates", "of distinct names", name);
    names.add(name);
    for (const type of journal.eventTypes(name)) {
      if (behavior.reads(type)) continue;
      throw new InvalidArgumentError(
        `aggregate ${name}`,
        "able to read every event type recorded for it (add it to evolve, or an upcaster for it)",
        type,
      );
    }
  }
}
