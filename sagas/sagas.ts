/** What can be seen of sagas and done to their instances: `runtime.sagas`. */
import { RuntimeClosedError } from "../actors/index.js";
import type { Journal, ViewStore } from "../journal/index.js";
import {
  type Hand,
  type LaneStatus,
  type PendingCommand,
  type PendingTimer,
  type RefusedInput,
} from "../src/delivery/index.js";
import { keptAlive, type Clock } from "../src/kernel/clock.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Message, Metadata, Position } from "../src/kernel/event.js";
import { checkId } from "../src/kernel/ids.js";
import { checkMoment, type Moment } from "../src/kernel/moment.js";
import { sagaDiagram } from "./diagram.js";
import { checkGivenEvent } from "./given-event.js";
import type { DeployReport } from "./deploy-check.js";
import { historyOf, type HistoryEntry } from "./instance-history.js";
import {
  listedInstances,
  oldestByState,
  type InstancePage,
  type InstanceQuery,
} from "./instance-list.js";
import { readInstance } from "./instance-reader.js";
import type { Compensation, InstanceStatus, SagaInput } from "./instance.js";
import { placeOf } from "./instance-fold.js";
import { SagaCounts } from "./saga-counts.js";
import { graphOf, type SagaGraph } from "./saga-graph.js";
import { sagaProblems, type SagaProblem } from "./saga-health.js";
import type { SagaSystem } from "./saga-system.js";
import type { Saga } from "./saga.js";

/** An input given by hand was taken, or wasn't. */
export type SagaAnswer =
  | { readonly status: "accepted" }
  /** `unknown-instance`, `known-instance`, `instance-ended`, `instance-full`, `not-parked`. Nothing was recorded. */
  | { readonly status: "rejected"; readonly code: string };

/** What may be said of an input given by hand. */
export interface InputOptions extends Metadata {
  /** The same id again does nothing and gives the same answer. Unique in the whole journal. */
  readonly commandId?: string;
}

/** An instance as it stands. */
export interface SagaInstance<Context = unknown> {
  readonly saga: string;
  readonly instanceId: string;
  readonly status: InstanceStatus;
  /** As text, `paying` or `shipping.packing`; empty before its start. */
  readonly state: string;
  /** As XState tells it. */
  readonly value: unknown;
  readonly context: Context;
  readonly output: unknown;
  /** Version of the machine that it runs on. */
  readonly version: number;
  readonly steps: number;
  readonly timers: readonly PendingTimer[];
  readonly commands: readonly PendingCommand[];
  /** What would be undone, the last one first. */
  readonly compensations: readonly Compensation[];
  /** Why it is parked; empty where it isn't. */
  readonly problem: string;
  /** Inputs that wait. */
  readonly kept: readonly SagaInput[];
}

/** Instances somewhere, counted. */
export interface StateCount {
  readonly status: InstanceStatus;
  readonly version: number;
  readonly state: string;
  readonly instances: number;
}

/** How a saga stands. */
export interface SagaStatus {
  readonly name: string;
  readonly version: number;
  readonly counts: readonly StateCount[];
  /** Up to where its events are routed; undefined where it has no sources. */
  readonly routedTo: Position | undefined;
  readonly lagEvents: number;
  /** Events routed since the runtime was opened, those included that were routed again after a failure. */
  readonly handled: number;
  /** Times that routing failed since the runtime was opened. */
  readonly failures: number;
  readonly state: string;
  readonly refused: number;
}

interface SagasPorts {
  readonly system: SagaSystem;
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
}

/** Instances of sagas: what they are doing, and what can be done to them. `runtime.sagas` is one. */
export class Sagas {
  readonly #ports: SagasPorts;

  /** @internal */
  constructor(ports: SagasPorts) {
    this.#ports = ports;
  }

  /**
   * Begins an instance by hand.
   *
   * @returns Once the first step is on disk; `known-instance` where there is one.
   */
  start(
    saga: Saga,
    instanceId: string,
    input?: unknown,
    options: InputOptions = {},
  ): Promise<SagaAnswer> {
    return this.#take(saga, instanceId, { kind: "start", data: input ?? null }, options);
  }

  /**
   * Gives an event to an instance by hand.
   *
   * @returns Once what came of it is on disk; `unknown-instance` where nothing has started it.
   * @throws InvalidArgumentError - Only XState and Tidemark may give events of that type. Nothing was written.
   */
  send(
    saga: Saga,
    instanceId: string,
    event: Message,
    options: InputOptions = {},
  ): Promise<SagaAnswer> {
    checkGivenEvent(event);
    return this.#take(saga, instanceId, { kind: "event", event }, options);
  }

  /** Stops an instance: its inputs are kept until it is released. Commands that have left go on. */
  park(saga: Saga, instanceId: string, hand: Hand = {}): Promise<SagaAnswer> {
    return this.#hand(saga, instanceId, "park", hand);
  }

  /** Lets a parked instance go on, with what was kept, in order. It is parked again where that fails again. */
  release(saga: Saga, instanceId: string, hand: Hand = {}): Promise<SagaAnswer> {
    return this.#hand(saga, instanceId, "release", hand);
  }

  /** Lets a parked instance go on without what was kept. */
  discard(saga: Saga, instanceId: string, hand: Hand = {}): Promise<SagaAnswer> {
    return this.#hand(saga, instanceId, "discard", hand);
  }

  /** Ends an instance where it stands: its timers are cancelled, what waits to be sent isn't. Nothing is undone. */
  end(saga: Saga, instanceId: string, hand: Hand = {}): Promise<SagaAnswer> {
    return this.#hand(saga, instanceId, "end", hand);
  }

  /**
   * An instance as it stands, or as it stood; undefined where there is none.
   *
   * @param options.at - Up to and including a version of its stream (as its history tells them), a position, or a time.
   * @throws InvalidArgumentError - The moment isn't valid.
   */
  instance<Context = unknown>(
    saga: Saga,
    instanceId: string,
    options: { readonly at?: Moment } = {},
  ): SagaInstance<Context> | undefined {
    const name = this.#nameOf(saga, instanceId);
    const { at } = options;
    if (at !== undefined) checkMoment(at);
    const state = readInstance(this.#ports.journal, name, at);
    if (state.machine === null && state.kept.length === 0) return undefined;
    const [status, version, , text] = placeOf(state);
    const { machine, step, timers, commands, problem, kept } = state;
    return {
      saga: name.owner,
      instanceId,
      status,
      state: text,
      value: machine?.value,
      context: machine?.context as Context,
      output: machine?.output,
      version,
      steps: step,
      timers,
      commands,
      compensations: [...state.compensations].reverse(),
      problem,
      kept,
    };
  }

  /** What happened to an instance, in order. */
  history(saga: Saga, instanceId: string): Iterable<HistoryEntry> {
    return historyOf(this.#ports.journal, this.#nameOf(saga, instanceId));
  }

  /** Instances by status, version and state, and then by id. What happened in the last moment may not be in it. */
  instances(saga: Saga, query: InstanceQuery = {}): InstancePage {
    return listedInstances(this.#ports.views, this.#known(saga).name, query);
  }

  /** How many instances are where. What happened in the last moment may not be in it. */
  counts(saga: Saga): StateCount[] {
    const { name } = this.#known(saga);
    const sums = new Map<string, { -readonly [Key in keyof StateCount]: StateCount[Key] }>();
    for (const { place, instances } of this.#counts().counts(name)) {
      const [status, version, , state] = place;
      const key = JSON.stringify([status, version, state]);
      const sum = sums.get(key) ?? { status, version, state, instances: 0 };
      sum.instances += instances;
      sums.set(key, sum);
    }
    return [...sums.values()];
  }

  /** The machine as a Mermaid state diagram, with how many active instances are in each state. */
  diagram(saga: Saga): string {
    const counts = new Map<string, number>();
    for (const { status, state, instances } of this.counts(saga))
      if (status === "active" || status === "done")
        counts.set(state, (counts.get(state) ?? 0) + instances);
    return sagaDiagram(saga.machine, counts);
  }

  /** The machine as data, with how many instances are in each state and since when. */
  graph(saga: Saga): SagaGraph {
    const { name, version, machine } = this.#known(saga);
    const oldest = oldestByState(this.#ports.views, name);
    const standings = this.#counts()
      .counts(name)
      .map(({ place, instances }) => ({
        status: place[0],
        state: place[3],
        instances,
        oldestSinceMs: oldest.get(place[3]),
      }));
    return { saga: name, version, ...graphOf(machine, standings) };
  }

  /**
   * What would become of the instances there are if a definition were deployed. Changes nothing; it may be one that the
   * runtime wasn't opened with.
   */
  async check(saga: Saga): Promise<DeployReport> {
    await keptAlive(this.#ports.clock, this.#ports.system.settle());
    return this.#counts().check(saga);
  }

  /** Inputs that no instance took, oldest first. */
  refused(saga: Saga): RefusedInput[] {
    return this.#ports.system.logOf(this.#known(saga)).refusals();
  }

  /** How commands to each aggregate leave. */
  outbox(): readonly LaneStatus[] {
    return this.#ports.system.delivery.outbox.status();
  }

  /** How a saga stands. */
  status(saga: Saga): SagaStatus {
    const { name, version } = this.#known(saga);
    const routing = this.#ports.system.router(name)?.status();
    return {
      name,
      version,
      counts: this.counts(saga),
      routedTo: routing?.position,
      lagEvents: routing?.lagEvents ?? 0,
      handled: routing?.handled ?? 0,
      failures: routing?.failures ?? 0,
      state: routing?.state ?? "live",
      refused: this.#ports.system.logOf(saga).refusalCount(),
    };
  }

  /** By name. */
  statuses(): Readonly<Record<string, SagaStatus>> {
    const all = [...this.#ports.system.sagas].map(([name, saga]) => [name, this.status(saga)]);
    return Object.fromEntries(all) as Record<string, SagaStatus>;
  }

  /** What needs somebody: parked instances, aggregates that can't be reached, what stopped. */
  problems(): SagaProblem[] {
    return sagaProblems(this.#ports.system, this.#counts());
  }

  /**
   * Resolves once everything recorded so far is routed, every command that is asked for is answered, and the lists show it.
   * Timers that aren't due aren't waited for, nor are reactors. For tests and examples.
   *
   * @throws RuntimeClosedError - It was closed before, or meanwhile.
   */
  async idle(): Promise<void> {
    await keptAlive(this.#ports.clock, this.#idle());
  }

  async #idle(): Promise<void> {
    const { system, journal, clock } = this.#ports;
    const { delivery } = system;
    for (;;) {
      // What isn't answered by then never will be here.
      if (system.isClosed) throw new RuntimeClosedError();
      const head = journal.head();
      const routers = [...system.sagas.keys()].map((name) => system.router(name));
      const isRouted = routers.every((router) => (router?.position() ?? head) >= head);
      if (isRouted && delivery.isIdle() && journal.head() === head) break;
      await new Promise<void>((resolve) => clock.defer(resolve));
    }
    await system.settle();
  }

  async #take(
    saga: Saga,
    instanceId: string,
    input: SagaInput,
    options: InputOptions,
  ): Promise<SagaAnswer> {
    const code = await this.#ports.system.take(this.#nameOf(saga, instanceId), input, options);
    return code === undefined ? { status: "accepted" } : { status: "rejected", code };
  }

  async #hand(
    saga: Saga,
    instanceId: string,
    type: "park" | "release" | "discard" | "end",
    { by, reason }: Hand,
  ): Promise<SagaAnswer> {
    const hand = {
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    };
    const answer = await this.#ports.system.hand(this.#nameOf(saga, instanceId), type, hand);
    return answer.status === "accepted"
      ? { status: "accepted" }
      : { status: "rejected", code: answer.code };
  }

  #counts(): SagaCounts {
    return new SagaCounts(this.#ports.views, this.#ports.journal);
  }

  #nameOf(saga: Saga, instanceId: string) {
    checkId("instance id", instanceId);
    return { owner: this.#known(saga).name, instanceId };
  }

  #known(saga: Saga): Saga {
    const known = this.#ports.system.sagas.get(saga.name);
    if (known === undefined)
      throw new InvalidArgumentError("saga", "one that the runtime was opened with", saga.name);
    return known;
  }
}
