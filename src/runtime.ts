/** The runtime as its user has it: what each part does, behind one door. `runtime/open.ts` assembles it; here it is closed. */
import {
  type ActorFigures,
  type ActorSystem,
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
import { readAll, type ReadAllOptions, type StreamReadOptions } from "../journal/index.js";
import { OWN_PROCESS, type AdminClient, type AdminService, type Caller } from "./admin/index.js";
import type { DeliveryStatus } from "./delivery/index.js";
import { keptAlive, type Clock } from "./kernel/clock.js";
import type { CommandTarget } from "./kernel/command-port.js";
import type { Message, Position, RecordedEvent } from "./kernel/event.js";
import { streamIdOf } from "./kernel/ids.js";
import type { LogMoment, Moment } from "./kernel/moment.js";
import type { Endpoint } from "./messaging/endpoint.js";
import type { Imports } from "./messaging/imports.js";
import type { Messaging } from "./messaging/messaging.js";
import type { Closable } from "./messaging/transport.js";
import type {
  Collections,
  DocumentOf,
  IndexesOf,
  NameOf,
  OnlyName,
} from "./projections/collection.js";
import { OperationRefusedError } from "./projections/errors.js";
import type { Operations } from "./projections/operations.js";
import type { PastView, PastViewOptions } from "./projections/past-view.js";
import type { Projection } from "./projections/projection.js";
import type { ReadOptions } from "./projections/query.js";
import type { Readers } from "./projections/readers.js";
import type { Rules, RuleSystem } from "./rules/index.js";
import type { Sagas, SagaSystem } from "../sagas/index.js";
import type { Health } from "./projections/status.js";
import type { Privacy } from "./privacy/privacy.js";
import type { CollectionReaders, View } from "./projections/view.js";
import { claimHolder, type ClaimHolder } from "./runtime/claim-holder.js";
import type { CompactReport } from "./kernel/life-events.js";
import type { CompactOptions, EntityLife, TombstoneOptions } from "./runtime/entity-life.js";
import type { LocalCommands } from "./runtime/local-commands.js";
import { healthWith, journalProblems } from "./runtime/health.js";
import type { MetricFamily } from "./runtime/metrics/metric.js";
import { metricsOf } from "./runtime/metrics/metrics.js";
import type { RuntimeStatus } from "./runtime/status.js";
import { closeStores, type RuntimeStores } from "./runtime/stores.js";
import type { RemoteHandle } from "./runtime/remote-handle.js";
import { workBefore, workLeft } from "./runtime/work-left.js";

/** The parts of a runtime, open. */
export interface RuntimeParts {
  readonly stores: RuntimeStores;
  readonly actors: ActorSystem;
  readonly local: LocalCommands;
  readonly readers: Readers;
  readonly messaging: Messaging<never>;
  readonly sagas: SagaSystem;
  readonly rules: RuleSystem;
  readonly life: EntityLife;
  readonly privacy: Privacy | undefined;
  readonly clock: Clock;
  readonly askTimeoutMs: number;
  readonly admin: AdminService;
  /** Where operators come in from outside. */
  readonly doors: readonly Closable[];
}

/** A running Tidemark; made by `openRuntime`. */
export class Runtime {
  readonly #parts: RuntimeParts;
  readonly #stores: RuntimeStores;
  readonly #actors: ActorSystem;
  readonly #readers: Readers;
  readonly #messaging: Messaging<never>;
  readonly #life: EntityLife;
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
    this.#life = parts.life;
    this.sagas = parts.admin.parts.sagas;
    this.rules = parts.admin.parts.rules;
  }

  /**
   * Everything an operator can ask of this runtime and do to it: what the command line and the panel use. What changes something is
   * recorded in the journal, with who did it.
   *
   * @param caller - Who asks, and what they may do; by default this process, which may do everything.
   */
  admin(caller: Caller = OWN_PROCESS): AdminClient {
    return this.#parts.admin.client(caller);
  }

  /** Pause, resume, rebuild, roll back, skip, and replay what is parked. */
  get operations(): Operations {
    return this.#readers.operations;
  }

  /**
   * Keys of subjects: forgetting, rotation.
   *
   * @throws OperationRefusedError - The runtime was opened without the option `privacy`.
   */
  get privacy(): Privacy {
    const { privacy } = this.#parts;
    if (privacy !== undefined) return privacy;
    throw new OperationRefusedError("privacy", "runtime", "it was opened without that option");
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

  /**
   * Archives an entity's events so far in a file, and lets a summary stand for them: from then on the entity is fetched from the
   * summary, and reads of its stream begin there. Done in the order of its commands; where one comes in between it is begun
   * anew. The file is on disk and read back before the summary is recorded. The log keeps everything: readers of it
   * see the old events and the summary; `reclaimStore` frees the space.
   *
   * @throws InvalidArgumentError - The file is there (with something else in it), or the entity has fewer than two events to
   *   archive, or has ended. Nothing was recorded.
   * @throws SummaryMismatchError - `evolve` doesn't make the state of the summary. Nothing was written.
   * @throws VersionConflictError - Others kept recording events. Nothing was recorded; may be retried with another file.
   * @throws What `ask` throws, with the same consequences; called again with the same file it goes on.
   */
  compact<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    options: CompactOptions<NoInfer<State>, NoInfer<Event>>,
  ): Promise<CompactReport> {
    return this.#life.compact(aggregate, entityId, options);
  }

  /**
   * Ends an entity: its state is the initial one again, what it claims is given back, and commands to it are refused with
   * the code `tombstoned` (unless the aggregate has `reusableIds`). Its history stays. Done in the order of its commands;
   * done again it records nothing.
   *
   * @throws What `ask` throws, with the same consequences.
   */
  tombstone<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    options?: TombstoneOptions<NoInfer<Event>>,
  ): Promise<Answer> {
    return this.#life.tombstone(aggregate, entityId, options);
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

  /** How everything stands: the journal, entities in memory, each reader, sagas, messaging. Also told of a journal that failed. */
  status(): RuntimeStatus {
    return {
      journal: this.#stores.journal.figures(),
      actors: this.#actors.figures(),
      commands: this.#actors.commandFigures(),
      projections: byName(this.#readers.projectionStatuses()),
      reactors: byName(this.#readers.reactorStatuses()),
      externals: byName(this.#readers.externalStatuses()),
      sagas: this.sagas.statuses(),
      rules: this.rules.statuses(),
      delivery: this.#deliveryStatuses(),
      messaging: this.#messaging.status(),
    };
  }

  #deliveryStatuses(): Record<string, DeliveryStatus> {
    const { sagas, rules } = this.#parts;
    const hosts = [...rules.ruleSets.keys()].map(
      (name) => [name, rules.host(name).delivery.status()] as const,
    );
    return { sagas: sagas.delivery.status(), ...Object.fromEntries(hosts) };
  }

  /**
   * Figures as metrics, in the form of Prometheus: for whatever collects them. Labels are names of definitions, types and codes, never
   * ids or data. It looks at the disk: for every few seconds, not for every command.
   */
  metrics(): readonly MetricFamily[] {
    return metricsOf(this.status(), this.health());
  }

  /** Whether the journal, projections, reactors, sagas, rule sets and messaging do their work: for a probe. */
  health(): Health {
    const problems = [
      ...journalProblems(this.#stores.journal.figures()),
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

  async #close(): Promise<void> {
    try {
      await this.#closeParts();
    } finally {
      // Whatever went wrong with them: a directory that isn't let go couldn't be opened again while the process lives.
      await closeStores(this.#stores);
    }
  }

  async #closeParts(): Promise<void> {
    const before = workBefore(this);
    this.#parts.admin.close();
    // Together: what sagas, rules and other services have in hand is answered by the actors, which take nothing new from here on.
    const { sagas, rules, doors } = this.#parts;
    await Promise.all([
      ...doors.map((door) => door.close()),
      sagas.close(),
      rules.close(),
      this.#messaging.stopIntake(),
      this.#actors.close(),
    ]);
    this.#workLeftAtMs = workLeft(this, before);
    await this.#readers.close();
    // Last, so that what was just recorded may still be published, and effects in hand may still ask.
    await this.#messaging.close();
    await this.#parts.privacy?.close();
  }
}

function byName<T extends { readonly name: string }>(all: readonly T[]): Record<string, T> {
  return Object.fromEntries(all.map((each) => [each.name, each]));
}
