/**
 * The sagas of one runtime at work: instances are actors, their inputs come by routing, timers and the outbox. What each of
 * the three knows is in the index, and what that knows is in the log.
 */
import type { Answer, AnyAggregate, AskOptions } from "../actors/index.js";
import { JournalReadOnlyError, type Journal, type ViewStore } from "../journal/index.js";
import {
  CoordinatorLog,
  DeliverySystem,
  mayBeDone,
  Router,
  type CommandOutcome,
  type Hand,
  type InstanceName,
} from "../src/delivery/index.js";
import type { Clock } from "../src/kernel/clock.js";
import type { CommandPort } from "../src/kernel/command-port.js";
import { asError, hasCode, InvalidArgumentError, TidemarkError } from "../src/kernel/errors.js";
import type { Metadata } from "../src/kernel/event.js";
import type { Logger } from "../src/kernel/log.js";
import { handedOn } from "../src/kernel/provenance.js";
import type { RecordLimits } from "./instance-draft.js";
import { SAGA_EVENT_TYPES, type SagaInput } from "./instance.js";
import type { InstanceCommand } from "./saga-behavior.js";
import { SagaCounts } from "./saga-counts.js";
import { sagaRoutes, type TakeRouted } from "./saga-routes.js";
import { SAGA_ROWS } from "./saga-rows.js";
import type { Saga } from "./saga.js";

export interface SagaSystemOptions {
  readonly sagas: readonly Saga[];
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: RecordLimits;
  /** Another process runs them; here they can be looked at. */
  readonly readOnly: boolean;
  readonly commands: CommandPort;
  /** Whether the runtime has an aggregate of that name. */
  hasAggregate(name: string): boolean;
  /** The actors of the runtime, which the sagas are among. */
  ask(
    aggregate: AnyAggregate,
    entityId: string,
    command: InstanceCommand,
    options: AskOptions,
  ): Promise<Answer>;
}

const TAKE_TIMEOUT_MS = 60_000;
/** As long as it takes: were one given up that waits in its mailbox, those behind it would go on, and it would seem to be old. */
const ROUTING_TIMEOUT_MS = 2 ** 31 - 1;

/** An instance keeps as many inputs as it may: timers and answers wait until it is released. */
class InstanceFullError extends TidemarkError {
  readonly code = "instance-full";
  readonly retryable = true;

  constructor({ owner, instanceId }: InstanceName) {
    super(`instance ${instanceId} of saga ${owner} is parked and keeps no more inputs: release it`);
  }
}

export class SagaSystem {
  readonly #options: SagaSystemOptions;
  readonly #sagas: ReadonlyMap<string, Saga>;
  readonly #routers = new Map<string, Router>();
  readonly #logs = new Map<string, CoordinatorLog>();
  #delivery!: DeliverySystem;
  #closed = false;

  private constructor(options: SagaSystemOptions) {
    this.#options = options;
    const sagas = new Map<string, Saga>();
    for (const saga of options.sagas) {
      if (sagas.has(saga.name))
        throw new InvalidArgumentError("sagas", "of distinct names", saga.name);
      checkTargets(saga, options);
      sagas.set(saga.name, saga);
      this.#logs.set(saga.name, new CoordinatorLog(options.journal, "saga", saga.name));
    }
    this.#sagas = sagas;
  }

  /** Resolves once what was left undone is under way: overdue timers fire, commands leave, events are routed. */
  static async open(options: SagaSystemOptions): Promise<SagaSystem> {
    const system = new SagaSystem(options);
    system.#delivery = await system.#openDelivery();
    if (options.readOnly || options.sagas.length === 0) return system;
    try {
      await system.#start();
    } catch (error) {
      await system.close();
      throw error;
    }
    return system;
  }

  #openDelivery(): Promise<DeliverySystem> {
    const owners = [...this.#sagas.keys()];
    const indexed = { name: "index of sagas", owners, eventTypes: SAGA_EVENT_TYPES };
    return DeliverySystem.open(indexed, {
      ...this.#options,
      rows: SAGA_ROWS,
      fire: ({ owner, instanceId, id, dueAtMs }) =>
        this.#give({ owner, instanceId }, { kind: "timer", id, dueAtMs }),
      answer: (...answered) => this.#answer(...answered),
    });
  }

  async #start(): Promise<void> {
    const { journal, views, clock, logger } = this.#options;
    await this.settle();
    for (const saga of this.#sagas.values()) {
      await this.logOf(saga).deployed(saga);
      this.#warnOfMisfits(saga);
    }
    this.#delivery.start();
    for (const saga of this.#sagas.values()) {
      if (saga.sources.length === 0) continue;
      const log = this.logOf(saga);
      const ports = { journal, views, rows: SAGA_ROWS, clock, logger, log };
      const take: TakeRouted = (instanceId, input, causedBy) =>
        this.take({ owner: saga.name, instanceId }, input, {
          causedBy,
          timeoutMs: ROUTING_TIMEOUT_MS,
        });
      this.#routers.set(saga.name, await Router.open(sagaRoutes(saga, take), ports));
    }
  }

  /** Instances that today's machine can't run are said at once, not when they are needed. */
  #warnOfMisfits(saga: Saga): void {
    const { views, journal, logger } = this.#options;
    const report = new SagaCounts(views, journal).check(saga);
    if (report.willPark === 0) return;
    logger.warn(
      {
        saga: saga.name,
        version: saga.version,
        instances: report.willPark,
        report: report.toString(),
      },
      "instances of a saga don't fit its machine: they are parked with their next input",
    );
  }

  get sagas(): ReadonlyMap<string, Saga> {
    return this.#sagas;
  }

  get delivery(): DeliverySystem {
    return this.#delivery;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  router(saga: string): Router | undefined {
    return this.#routers.get(saga);
  }

  logOf({ name }: { readonly name: string }): CoordinatorLog {
    return this.#logs.get(name) as CoordinatorLog;
  }

  /** Whether events are recorded that aren't given to instances yet, or what these asked for isn't known yet. */
  isBehind(): boolean {
    if (this.#delivery.isBehind()) return true;
    const head = this.#options.journal.head();
    return [...this.#routers.values()].some((router) => router.position() < head);
  }

  nextDueAtMs(): number | undefined {
    return this.#delivery.nextDueAtMs();
  }

  /** The rows of the index reflect everything durable. */
  async settle(): Promise<void> {
    await this.#delivery.settle();
  }

  /**
   * Gives an input to an instance. Resolves with why it wasn't taken, or with nothing once it is on disk. What can't be recorded of
   * its step parks the instance.
   *
   * @throws InvalidArgumentError - The input can't be recorded itself, or an option isn't valid. Nothing was written.
   */
  async take(
    name: InstanceName,
    input: SagaInput,
    options: AskOptions,
  ): Promise<string | undefined> {
    const { limits } = this.#options;
    const command = { type: "take", data: { input, limits } } as const;
    const answer = await this.#ask(name, handedOn(input, command), options);
    return answer.status === "rejected" ? answer.code : undefined;
  }

  /** Gives an instance what is pending there. It is wanted no more where it was ended. */
  async #give(name: InstanceName, input: SagaInput, origin: Metadata = {}): Promise<void> {
    if ((await this.take(name, input, origin)) === "instance-full")
      throw new InstanceFullError(name);
  }

  async #answer(
    name: InstanceName,
    commandId: string,
    answer: CommandOutcome,
    origin: Metadata,
  ): Promise<void> {
    try {
      await this.#give(name, handedOn(answer, { kind: "answer", commandId, answer }), origin);
    } catch (error) {
      if (!hasCode(error, "invalid-argument")) throw error;
      // It says more than one event of the instance may: the machine must know at least that there was an answer.
      const told = tooLarge(answer, error);
      await this.#give(name, { kind: "answer", commandId, answer: told }, origin);
    }
  }

  /** Does something to an instance by hand. */
  hand(
    name: InstanceName,
    type: "park" | "release" | "discard" | "end",
    hand: Hand,
  ): Promise<Answer> {
    const { limits } = this.#options;
    return type === "release"
      ? this.#ask(name, { type, data: { hand, limits } }, {})
      : this.#ask(name, { type, data: hand }, {});
  }

  async #ask(
    { owner, instanceId }: InstanceName,
    command: InstanceCommand,
    options: AskOptions,
  ): Promise<Answer> {
    // An instance here may be older than its owner's: its answer would be worth nothing.
    if (this.#options.readOnly) throw new JournalReadOnlyError();
    const definition = this.#sagas.get(owner) as Saga;
    const aggregate = definition as unknown as AnyAggregate;
    return this.#options.ask(aggregate, instanceId, command, {
      timeoutMs: TAKE_TIMEOUT_MS,
      ...options,
    });
  }

  /** Nothing is routed, fires or leaves any more; what is in hand is waited for. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // All are told before any is waited for: answers may bring one of them more to do.
    const routers = [...this.#routers.values()].map((router) => router.close());
    await Promise.all([...routers, this.#delivery.stop()]);
    await this.#delivery.close();
  }
}

/** A command to nobody is better found now than when the first one leaves. */
function checkTargets({ name, targets }: Saga, options: SagaSystemOptions): void {
  for (const target of targets)
    if (target.remote !== true && !options.hasAggregate(target.name))
      throw new InvalidArgumentError(
        `aggregates (saga ${name} sends commands to one)`,
        `given with it, or remote(${target.name})`,
        target.name,
      );
}

function tooLarge(answer: CommandOutcome, error: unknown): CommandOutcome {
  return {
    outcome: "given-up",
    code: "answer-too-large",
    message: `the answer can't be recorded: ${asError(error).message}`,
    attempts: 1,
    uncertain: mayBeDone(answer),
  };
}
