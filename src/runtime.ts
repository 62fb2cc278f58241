/** The runtime as its user has it: what each part does, behind one door. `runtime/open.ts` assembles it; here it is closed. */
import {
  type ActorSystem,
  type ActorFigures,
  type Aggregate,
  type Answer,
  type AnyAggregate,
  type AskOptions,
  type DeadLetter,
  type DryRunAccepted,
  type Rejected,
  type StateAt,
  type TellOptions,
} from "../actors/index.js";
import {
  readAll,
  type Journal,
  type JournalFigures,
  type ReadAllOptions,
  type StreamReadOptions,
  type ViewStore,
} from "../journal/index.js";
import { keptAlive, type Clock } from "./kernel/clock.js";
import type { CommandTarget } from "./kernel/command-port.js";
import type { Message, Position, RecordedEvent } from "./kernel/event.js";
import { streamIdOf } from "./kernel/ids.js";
import type { LogMoment, Moment } from "./kernel/moment.js";
import type { Endpoint } from "./messaging/endpoint.js";
import type { Imports } from "./messaging/imports.js";
import type { Messaging, MessagingStatus } from "./messaging/messaging.js";
import { AUDIT_STREAM_TYPE } from "./projections/audit.js";
import type {
  Collections,
  DocumentOf,
  IndexesOf,
  NameOf,
  OnlyName,
} from "./projections/collection.js";
import type { Operations } from "./projections/operations.js";
import type { PastView, PastViewOptions } from "./projections/past-view.js";
import type { Projection } from "./projections/projection.js";
import type { ReadOptions } from "./projections/query.js";
import type { Readers } from "./projections/readers.js";
import { Rules, type RuleSetStatus, type RuleSystem } from "./rules/index.js";
import { Sagas, type SagaStatus, type SagaSystem } from "../sagas/index.js";
import type {
  ExternalStatus,
  Health,
  ProjectionStatus,
  ReactorStatus,
} from "./projections/status.js";
import type { CollectionReaders, View } from "./projections/view.js";
import { claimHolder, type ClaimHolder } from "./runtime/claim-holder.js";
import type { LocalCommands } from "./runtime/local-commands.js";
import { healthWith } from "./runtime/messaging.js";
import type { RemoteHandle } from "./runtime/remote-handle.js";

/** Figures of a runtime as it stands. */
export interface RuntimeStatus {
  readonly journal: JournalFigures;
  readonly actors: ActorFigures;
  /** By name. */
  readonly projections: Readonly<Record<string, ProjectionStatus>>;
  /** By name. */
  readonly reactors: Readonly<Record<string, ReactorStatus>>;
  /** External projections by name. */
  readonly externals: Readonly<Record<string, ExternalStatus>>;
  /** By name. */
  readonly sagas: Readonly<Record<string, SagaStatus>>;
  /** Rule sets by name. */
  readonly rules: Readonly<Record<string, RuleSetStatus>>;
  /** Undefined where no messages were needed so far. */
  readonly messaging: MessagingStatus | undefined;
}

/** Where a runtime keeps things. */
export interface RuntimeStores {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly readOnly: boolean;
}

/** The parts of a runtime, open. */
export interface RuntimeParts {
  readonly stores: RuntimeStores;
  readonly actors: ActorSystem;
  readonly local: LocalCommands;
  readonly readers: Readers;
  readonly messaging: Messaging<never>;
  readonly sagas: SagaSystem;
  readonly rules: RuleSystem;
  readonly clock: Clock;
  readonly askTimeoutMs: number;
}

/** A running Tidemark; made by `openRuntime`. */
export class Runtime {
  readonly #parts: RuntimeParts;
  readonly #stores: RuntimeStores;
  readonly #actors: ActorSystem;
  readonly #readers: Readers;
  readonly #messaging: Messaging<never>;
  /** Instances of sagas: what they are doing, and what can be done to them. */
  readonly sagas: Sagas;
  /** Sessions of rule sets: what they hold, what they raised and why, and what can be done to them. */
  readonly rules: Rules;
  #closing: Promise<void> | undefined;
  #workLeftAtMs: number | null | undefined;

  /** @internal */
  constructor(parts: RuntimeParts) {
    this.#parts = parts;
    this.#stores = parts.stores;
    this.#actors = parts.actors;
    this.#readers = parts.readers;
    this.#messaging = parts.messaging;
    this.sagas = new Sagas({ ...parts.stores, system: parts.sagas, clock: parts.clock });
    this.rules = new Rules({ ...parts.stores, system: parts.rules, clock: parts.clock });
  }

  /** Pause, resume, rebuild, roll back, skip, and replay what is parked. */
  get operations(): Operations {
    return this.#readers.operations;
  }

  /** Position of the last durable event; 0 for an empty journal. */
  get head(): Position {
    return this.#stores.journal.head();
  }

  /**
   * Sends a command to an entity and waits for its answer. Commands to one entity are handled one at a time, in the
   * order in which they were asked.
   *
   * @returns `accepted` once everything it led to is on disk; `rejected` where `decide` refused it, or a claim is taken
   *   (code `<claim>-taken`). A refusal of `decide`, too, is told only once the events it
   *   rests on are on disk, and so is one because of a claim.
   * @throws InvalidArgumentError - An id, the command or an option isn't valid. Nothing was written.
   * @throws MailboxFullError, PoolFullError, JournalOverloadedError, JournalFullError - Not taken; may be retried.
   * @throws AskTimeoutError - No answer in time; the command may still be carried out.
   * @throws DecideFailedError, EvolveFailedError, HydrationFailedError - Nothing was written.
   * @throws VersionConflictError - The entity isn't at `expectedVersion`. Nothing was written.
   * @throws CommandIdReusedError - The command id belongs to another entity's command. Nothing was written.
   * @throws JournalPoisonedError - An earlier commit failed. Nothing was written; close and open again.
   * @throws AppendOutcomeUnknownError - May or may not be on disk; with a command id, ask again after opening again.
   * @throws ViewBehindError - It was carried out, but an inline projection doesn't show it.
   * @throws RuntimeClosedError, UnknownAggregateError - Not taken.
   */
  ask<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: AskOptions,
  ): Promise<Answer<Event>> {
    return this.#parts.local.ask(aggregate, entityId, command, options);
  }

  /**
   * A handle on an aggregate of another service, or on an own one as other services see it: by `remote(…)` or by the
   * aggregate's definition. Made at no cost.
   */
  remote<Command extends Message, Event extends Message>(
    target: CommandTarget<Command, Event>,
  ): RemoteHandle<Command, Event> {
    return {
      ask: (entityId, command, options = {}) =>
        this.#messaging.ask(target, entityId, command, options) as Promise<Answer<Event>>,
    };
  }

  /**
   * Asks an endpoint, wherever it is.
   *
   * @param options.timeoutMs - How long to wait; defaults to `askTimeoutMs`.
   * @throws InvalidArgumentError - The request can't be sent.
   * @throws NoRespondersError, DisconnectedError, RequestTimeoutError, RemoteFailedError, MessagingClosedError - See each.
   */
  call<Request, Response>(
    endpoint: Endpoint<Request, Response>,
    request: Request,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Response> {
    const { timeoutMs = this.#parts.askTimeoutMs } = options;
    return this.#messaging.call(endpoint, request, timeoutMs) as Promise<Response>;
  }

  /** Messages of other services that can't be taken: list, replay, discard; and gaps that nobody will fill. */
  get imports(): Imports {
    return this.#messaging.imports;
  }

  /**
   * Sends a command that nobody waits for. What becomes of it isn't told; a refusal or failure is kept among the dead
   * letters, counted and logged. Until it is handled it is in memory only: a crash may lose it.
   *
   * @throws InvalidArgumentError, UnknownAggregateError - The entity id isn't valid, or the aggregate wasn't opened.
   */
  tell<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: TellOptions,
  ): void {
    this.#actors.tell(aggregate, entityId, command, options);
  }

  /** What `ask` would be answered: decides on the entity's state and records nothing. Claims aren't tried. Throws what `ask` throws. */
  dryRun<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: AskOptions,
  ): Promise<DryRunAccepted<State, Event> | Rejected> {
    return this.#actors.dryRun(aggregate, entityId, command, options);
  }

  /**
   * An entity's durable state, now or as it was. A copy.
   *
   * @param options.at - Up to and including a version, a position, or a time at which events were recorded.
   * @throws HydrationFailedError - Its events can't be folded.
   * @throws InvalidArgumentError - The moment isn't valid, or lies in a truncated part of the stream.
   */
  state<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    options: { readonly at?: Moment } = {},
  ): Promise<StateAt<State>> {
    return this.#actors.state(aggregate, entityId, options.at);
  }

  /**
   * Which entity holds a key, as durable now: a look-up by e-mail address, say, that no view can be behind of. Somebody else may
   * take a free key a moment later, so whether a command may have it is known from its answer only.
   *
   * @param claim - A name under `claims` of an aggregate; aggregates that use the same name share its keys.
   * @returns Undefined where nobody holds it, or no longer does.
   * @throws InvalidArgumentError - The name or the key isn't valid.
   */
  findClaim(claim: string, key: string): ClaimHolder | undefined {
    return claimHolder(this.#stores.journal, claim, key);
  }

  /** An entity's events as they were recorded, each checked while it is read. */
  history(
    aggregate: AnyAggregate,
    entityId: string,
    options?: StreamReadOptions,
  ): Iterable<RecordedEvent> {
    return this.#stores.journal.readStream(streamIdOf(aggregate.name, entityId), options);
  }

  /** Events of the whole journal in order of position, filtered by an index where a filter is given. */
  events(options?: ReadAllOptions): Iterable<RecordedEvent> {
    return readAll(this.#stores.journal, options);
  }

  /**
   * A collection of a projection, for reading; its name may be left out where it is the only one.
   *
   * @throws InvalidArgumentError - The runtime was opened without this projection, or it has no such collection.
   */
  view<C extends Collections, Name extends keyof C & string = OnlyName<C>>(
    projection: Projection<C>,
    ...collection: NameOf<C, Name>
  ): View<DocumentOf<C[Name]>, IndexesOf<C[Name]>> {
    return this.#readers.view(projection, ...collection);
  }

  /**
   * Reads as many documents of a projection as wanted, of whichever collections, all as of one position.
   *
   * @param read - Synchronous: what it would read later is of a later position.
   * @throws SubscriptionTimeoutError, SubscriptionStoppedError, ViewNotBuiltError - See {@link View}.
   */
  query<C extends Collections, Result>(
    projection: Projection<C>,
    read: (collections: CollectionReaders<C>, position: Position) => Result,
    options: ReadOptions = {},
  ): Promise<Result> {
    return this.#readers.query(projection, read, options);
  }

  /**
   * A view as it was at a moment of the past, as today's handlers make it of the log: what they keep, with its indexes, as of one
   * position. The log is folded anew for it, into memory, by pages between which others have their turn; one view at a time.
   * It costs as much as building the view costs up to there, and its documents stay in memory as long as somebody has it.
   *
   * @param at - Up to and including a position, or a time at which events were recorded. Beyond the head it is the head.
   * @param options.key - Folds the events with this key only (by the projection's `key`).
   * @throws InvalidArgumentError - The runtime was opened without this projection, or the moment or an option isn't valid.
   * @throws OperationRefusedError - Its documents take more than `bytesMax`: give a `key`, or more.
   * @throws HandlerFailedError - A handler failed, and the projection's policy is to stop.
   * @throws JournalClosedError - The runtime was closed meanwhile.
   */
  viewAt<C extends Collections>(
    projection: Projection<C>,
    at: LogMoment,
    options: PastViewOptions = {},
  ): Promise<PastView<C>> {
    return this.#readers.viewAt(projection, at, options);
  }

  /** Told commands that were refused or failed: the newest 1,000, oldest first. */
  deadLetters(): readonly DeadLetter[] {
    return this.#actors.deadLetters();
  }

  /** @internal */
  get actorFigures(): ActorFigures {
    return this.#actors.figures();
  }

  /** How everything stands: the journal, entities in memory, each reader, sagas, messaging. */
  status(): RuntimeStatus {
    return {
      journal: this.#stores.journal.figures(),
      actors: this.#actors.figures(),
      projections: byName(this.#readers.projectionStatuses()),
      reactors: byName(this.#readers.reactorStatuses()),
      externals: byName(this.#readers.externalStatuses()),
      sagas: this.sagas.statuses(),
      rules: this.rules.statuses(),
      messaging: this.#messaging.status(),
    };
  }

  /** Whether projections, reactors, sagas, rule sets and messaging do their work: for a probe. */
  health(): Health {
    const problems = [
      ...this.sagas.problems(),
      ...this.rules.problems(),
      ...this.#messaging.problems(),
    ];
    return healthWith(this.#readers.health(), problems);
  }

  /**
   * Wall time at which it has to do something by itself: a timer of a saga or a rule is due, a command is tried again, or a
   * reader has events to handle (0). Undefined where it would only wait to be asked.
   *
   * @internal
   */
  nextWorkAtMs(): number | undefined {
    const { sagas, rules, readers } = this.#parts;
    if (readers.isBehind() || sagas.isBehind() || rules.isBehind()) return 0;
    const dues = [sagas.nextDueAtMs(), rules.nextDueAtMs()].filter((due) => due !== undefined);
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /**
   * Takes no more commands, answers those it took, and lets go of the directory. Projections stop where they are and go
   * on from there next time. Harmless when repeated.
   */
  close(): Promise<void> {
    this.#closing ??= keptAlive(this.#parts.clock, this.#close());
    return this.#closing;
  }

  /**
   * `nextWorkAtMs` as it was left by `close`: null where it has nothing to do by itself, undefined where only opening it again can
   * tell.
   *
   * @internal
   */
  get workLeftAtMs(): number | null | undefined {
    return this.#workLeftAtMs;
  }

  /** What was in hand may have recorded something for a saga or a reader. Notes of how far they are don't count. */
  #workLeft(dueAtMs: number | undefined, head: Position): number | null | undefined {
    for (const { streamType } of this.events({ after: head }))
      if (streamType !== AUDIT_STREAM_TYPE) return undefined;
    return dueAtMs ?? null;
  }

  async #close(): Promise<void> {
    const dueAtMs = tried(() => this.nextWorkAtMs());
    const head = tried(() => this.head);
    // Together: what sagas, rules and other services have in hand is answered by the actors, which take nothing new from here on.
    const { sagas, rules } = this.#parts;
    await Promise.all([
      sagas.close(),
      rules.close(),
      this.#messaging.stopIntake(),
      this.#actors.close(),
    ]);
    if (head !== undefined) this.#workLeftAtMs = tried(() => this.#workLeft(dueAtMs, head));
    await this.#readers.close();
    // Last, so that what was just recorded may still be published, and effects in hand may still ask.
    await this.#messaging.close();
    await this.#stores.journal.close();
    await this.#stores.views.close();
  }
}

/** A journal that has failed answers nothing. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function byName<T extends { readonly name: string }>(all: readonly T[]): Record<string, T> {
  return Object.fromEntries(all.map((each) => [each.name, each]));
}
