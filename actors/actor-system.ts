/**
 * The actors of one runtime: what `ask`, `tell`, `dryRun` and `state` mean, and how it all ends. The order of one
 * command is *admit → hydrate → decide → evolve → append → reply → passivate*.
 */
import type { ClaimChange, Journal } from "../journal/index.js";
import { AskTimeouts } from "../src/kernel/ask-timeouts.js";
import type { Clock, Ids, Timer } from "../src/kernel/clock.js";
import { asError, InvalidArgumentError } from "../src/kernel/errors.js";
import { EMPTY_DATA, type Message } from "../src/kernel/event.js";
import { streamIdOf, streamTypeOf, type StreamId } from "../src/kernel/ids.js";
import { checkInteger } from "../src/kernel/check.js";
import type { Limits } from "../src/kernel/limits.js";
import type { Logger } from "../src/kernel/log.js";
import type { Tracer } from "../src/kernel/tracer.js";
import type { Moment } from "../src/kernel/moment.js";
import type { Aggregate, AnyAggregate } from "./aggregate.js";
import type { Budget } from "./budget.js";
import { Call, type CallAnswer, type CommandOptions, type LifeStep } from "./call.js";
import { beginTrace } from "./call-trace.js";
import { commandOptionsOf, type AskOptions, type TellOptions } from "./command-options.js";
import { CommandRecorder, RecentCommands, type CommandFigures } from "./command-figures.js";
import { DeadLetters, type DeadLetter } from "./dead-letters.js";
import type { Answer, DryRunAccepted, Rejected } from "./decision.js";
import { RuntimeClosedError, UnknownAggregateError } from "./errors.js";
import { Hydrator } from "./hydrator.js";
import { lostClaims } from "./lost-claims.js";
import { Permits } from "./permits.js";
import { Pool, type PoolFigures } from "./pool.js";
import { Snapshotter } from "./snapshotter.js";
import { readState, type StateAt } from "./state-reader.js";

export interface ActorSystemOptions {
  readonly aggregates: readonly AnyAggregate[];
  /** Those among them that are sagas and rule sets, by name: what they take are inputs, not commands of somebody. */
  readonly coordinators?: ReadonlySet<string>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly tracer?: Tracer;
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
/** What errors call a step that is no command. */
const LIFE_STEP = { type: "tidemark step" };
const NO_OPTIONS: CommandOptions = Object.freeze({});

export class ActorSystem {
  readonly #options: ActorSystemOptions;
  readonly #recorders = new Map<AnyAggregate["behavior"], CommandRecorder>();
  readonly #recent: RecentCommands;
  readonly #hydrator: Hydrator;
  readonly #permits: Permits;
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
    this.#recent = new RecentCommands(clock.monotonicMs());
    for (const { name, behavior } of options.aggregates) {
      const isCoordinator = options.coordinators?.has(name) === true;
      const recent = isCoordinator ? undefined : this.#recent;
      this.#recorders.set(behavior, new CommandRecorder(clock, recent));
    }
    this.#permits = options.permits ?? new Permits(options.hydrationsMax);
    this.#hydrator = new Hydrator(journal, clock, this.#permits);
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

  /** Takes a step in an entity's life, in the order of its commands; see {@link LifeStep}. */
  takeStep(
    aggregate: AnyAggregate,
    entityId: string,
    step: LifeStep,
    options: Pick<AskOptions, "commandId" | "expectedVersion" | "headers">,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const recorder = this.#recorderOf(aggregate);
      const streamId = streamIdOf(aggregate.name, entityId);
      if (this.#closed) throw new RuntimeClosedError();
      const given = { ...commandOptionsOf(options, this.#options.limits), step };
      const answer = resolve as (answer: CallAnswer) => void;
      const atMs = this.#options.clock.monotonicMs();
      const call = new Call(streamId, LIFE_STEP, EMPTY_DATA, given, recorder, atMs, answer, reject);
      this.#deliver(aggregate, entityId, streamId, call);
      if (!call.settled) this.#timeouts.watch(call, this.#options.askTimeoutMs, atMs);
    });
  }

  /** Sends a command that nobody waits for; see `Runtime.tell`. */
  tell<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: TellOptions,
  ): void {
    const recorder = this.#recorderOf(aggregate);
    const streamId = streamIdOf(aggregate.name, entityId);
    const bury = (reason: Rejected | Error) =>
      this.#deadLetters.add({ streamId, command, commandId: options?.commandId, reason });
    const answered = (answer: CallAnswer) => {
      if (answer.status === "rejected") bury(answer);
    };
    try {
      const call = this.#callOf(aggregate, streamId, command, options, recorder, answered, bury);
      this.#deliver(aggregate, entityId, streamId, call);
    } catch (error) {
      recorder.failed(asError(error));
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
    const known = this.#recorderOf(aggregate);
    const recorder = dryRun ? undefined : known;
    try {
      const streamId = streamIdOf(aggregate.name, entityId);
      const timeoutMs = options?.timeoutMs ?? this.#options.askTimeoutMs;
      if (options?.timeoutMs !== undefined) checkInteger("timeoutMs", timeoutMs, 1, TIMEOUT_MS_MAX);
      const call = this.#callOf(aggregate, streamId, command, options, recorder, resolve, reject);
      this.#deliver(aggregate, entityId, streamId, call);
      if (!call.settled) this.#timeouts.watch(call, timeoutMs, call.startedAtMs);
    } catch (error) {
      recorder?.failed(asError(error));
      throw error;
    }
  }

  #callOf(
    aggregate: AnyAggregate,
    streamId: StreamId,
    command: Message,
    options: TellOptions | undefined,
    recorder: CommandRecorder | undefined,
    resolve: (answer: CallAnswer) => void,
    reject: (error: Error) => void,
  ): Call {
    if (this.#closed) throw new RuntimeClosedError();
    const data = aggregate.behavior.commandData(command);
    const commandOptions =
      options === undefined ? NO_OPTIONS : commandOptionsOf(options, this.#options.limits);
    const { clock, tracer } = this.#options;
    const call = new Call(
      streamId,
      command,
      data,
      commandOptions,
      recorder,
      clock.monotonicMs(),
      resolve,
      reject,
    );
    if (tracer !== undefined && recorder !== undefined)
      call.trace = beginTrace(tracer, this.#options, aggregate.name, call, options?.causedBy);
    return call;
  }

  #deliver(aggregate: AnyAggregate, entityId: string, streamId: StreamId, call: Call): void {
    this.#pool.deliver(aggregate.behavior, entityId, streamId, call);
  }

  #recorderOf({ name, behavior }: AnyAggregate): CommandRecorder {
    const recorder = this.#recorders.get(behavior);
    if (recorder === undefined) throw new UnknownAggregateError(name);
    return recorder;
  }

  /** The durable state of an entity, now or at a moment; see `Runtime.state`. */
  async state<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    at: Moment | undefined,
  ): Promise<StateAt<State>> {
    this.#recorderOf(aggregate);
    const streamId = streamIdOf(aggregate.name, entityId);
    if (this.#closed) throw new RuntimeClosedError();
    const found = at === undefined ? this.#pool.find(streamId)?.durableState() : undefined;
    // Somebody may have appended past the actor; for a reader, its owner does.
    const { journal } = this.#options;
    const isNewest = found !== undefined && found.version === journal.streamVersion(streamId);
    const state = isNewest ? found : readState(journal, aggregate.behavior, streamId, at);
    return state as StateAt<State>;
  }

  /** Runs while no command is in hand, and all that was is answered and durable; what comes meanwhile waits. One at a time. */
  held<T>(run: () => Promise<T>): Promise<T> {
    return this.#pool.held(run);
  }

  /** Whether entities of a type claim anything. */
  hasClaims(streamType: string): boolean {
    return this.#behaviorOf(streamType)?.claims !== undefined;
  }

  /**
   * What an entity claims as its journal tells it, and doesn't as `erased` does; see {@link lostClaims}.
   *
   * @throws HydrationFailedError - Its history can't be folded, as one of them tells it. Whatever a claim's function throws.
   */
  async lostClaims(streamId: StreamId, erased: Journal): Promise<readonly ClaimChange[]> {
    const behavior = this.#behaviorOf(streamTypeOf(streamId));
    if (behavior === undefined) return [];
    const after = new Hydrator(erased, this.#options.clock, this.#permits);
    return lostClaims(behavior, streamId, this.#hydrator, after);
  }

  #behaviorOf(streamType: string): AnyAggregate["behavior"] | undefined {
    return this.#options.aggregates.find(({ name }) => name === streamType)?.behavior;
  }

  /** What was made of values whose keys are gone leaves memory: states are folded again, and no dead letters are kept. */
  forget(isGone: (owner: string) => boolean): void {
    this.#pool.forget(isGone);
    this.#deadLetters.clear();
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

  /** What commands led to, and how long their answers took. */
  commandFigures(): CommandFigures {
    const actors = this.#options.aggregates.map(
      (each) => [each.name, this.#recorderOf(each).figures()] as const,
    );
    const recent = this.#recent.figures(this.#options.clock.monotonicMs());
    return { recent, actors: Object.fromEntries(actors) };
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
