/**
 * The sagas of one runtime at work: instances are actors, their inputs come by routing, timers and the outbox. What each of
 * the three knows is in the index, and what that knows is in the log.
 */
import type { Answer, AnyAggregate, AskOptions } from "../actors/index.js";
import { JournalReadOnlyError, type Journal, type ViewStore } from "../journal/index.js";
import type { Clock } from "../src/kernel/clock.js";
import type { CommandPort } from "../src/kernel/command-port.js";
import { asError, hasCode, InvalidArgumentError, TidemarkError } from "../src/kernel/errors.js";
import type { RecordedEvent } from "../src/kernel/event.js";
import type { Logger } from "../src/kernel/log.js";
import { SagaCounts } from "./saga-counts.js";
import type { RecordLimits } from "./instance-draft.js";
import { mayBeDone, type CommandOutcome, type Hand, type SagaInput } from "./instance.js";
import { Outbox } from "./outbox.js";
import { Router } from "./router.js";
import type { Saga } from "./saga.js";
import type { InstanceCommand } from "./saga-behavior.js";
import { SagaIndex } from "./saga-index.js";
import { SagaLog } from "./saga-log.js";
import type { InstanceName } from "./saga-rows.js";
import { Timers } from "./timers.js";

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

  constructor({ saga, instanceId }: InstanceName) {
    super(`instance ${instanceId} of saga ${saga} is parked and keeps no more inputs: release it`);
  }
}

export class SagaSystem {
  readonly #options: SagaSystemOptions;
  readonly #sagas = new Map<string, Saga>();
  readonly #routers = new Map<string, Router>();
  readonly #logs = new Map<string, SagaLog>();
  readonly #index: SagaIndex | undefined;
  readonly #timers: Timers;
  readonly #outbox: Outbox;
  #closed = false;

  private constructor(options: SagaSystemOptions) {
    this.#options = options;
    const { sagas, journal, views, clock, logger, commands, readOnly } = options;
    for (const saga of sagas) {
      if (this.#sagas.has(saga.name))
        throw new InvalidArgumentError("sagas", "of distinct names", saga.name);
      checkTargets(saga, options);
      this.#sagas.set(saga.name, saga);
      this.#logs.set(saga.name, new SagaLog(journal, saga.name));
    }
    const settle = () => this.settle();
    this.#timers = new Timers({
      clock,
      logger,
      rows: views,
      settle,
      fire: ({ saga, instanceId, id, dueAtMs }) =>
        this.#give({ saga, instanceId }, { kind: "timer", id, dueAtMs }),
    });
    this.#outbox = new Outbox({
      clock,
      logger,
      rows: views,
      commands,
      settle,
      answer: (name, commandId, answer) => this.#answer(name, commandId, answer),
    });
    if (sagas.length === 0 || readOnly) return;
    const names = [...this.#sagas.keys()];
    this.#index = new SagaIndex(
      names,
      {
        timerSet: (timer, key, text) => this.#timers.set(timer, key, text),
        timerGone: (timer, text) => this.#timers.gone(timer, text),
        commandAsked: (name, command) => this.#outbox.asked(name, command),
        commandGone: (aggregate, commandId) => this.#outbox.gone(aggregate, commandId),
      },
      { journal, views, clock, logger },
    );
  }

  /** Resolves once what was left undone is under way: overdue timers fire, commands leave, events are routed. */
  static async open(options: SagaSystemOptions): Promise<SagaSystem> {
    const { readOnly, sagas, views, journal } = options;
    if (readOnly || sagas.length === 0) return new SagaSystem(options);
    await SagaIndex.clean(views, journal);
    const system = new SagaSystem(options);
    try {
      await system.#start();
    } catch (error) {
      await system.close();
      throw error;
    }
    return system;
  }

  async #start(): Promise<void> {
    const { journal, views, clock, logger } = this.#options;
    await this.settle();
    for (const saga of this.#sagas.values()) {
      const log = this.logOf(saga);
      await log.deployed(saga);
      this.#warnOfMisfits(saga);
    }
    this.#timers.start();
    this.#outbox.start(lanesOf(views), journal.head());
    for (const saga of this.#sagas.values()) {
      if (saga.sources.length === 0) continue;
      const log = this.logOf(saga);
      const take = (instanceId: string, input: SagaInput, causedBy: RecordedEvent) =>
        this.take({ saga: saga.name, instanceId }, input, {
          causedBy,
          timeoutMs: ROUTING_TIMEOUT_MS,
        });
      this.#routers.set(
        saga.name,
        await Router.open(saga, { journal, views, clock, logger, log, take }),
      );
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

  get index(): SagaIndex | undefined {
    return this.#index;
  }

  get outbox(): Outbox {
    return this.#outbox;
  }

  get timers(): Timers {
    return this.#timers;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  router(saga: string): Router | undefined {
    return this.#routers.get(saga);
  }

  logOf({ name }: { readonly name: string }): SagaLog {
    return this.#logs.get(name) as SagaLog;
  }

  /** The rows of the index reflect everything durable. */
  async settle(): Promise<void> {
    await this.#index?.settle();
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
    const answer = await this.#ask(name, { type: "take", data: { input, limits } }, options);
    return answer.status === "rejected" ? answer.code : undefined;
  }

  /** Gives an instance what is pending there. It is wanted no more where it was ended. */
  async #give(name: InstanceName, input: SagaInput): Promise<void> {
    if ((await this.take(name, input, {})) === "instance-full") throw new InstanceFullError(name);
  }

  async #answer(name: InstanceName, commandId: string, answer: CommandOutcome): Promise<void> {
    try {
      await this.#give(name, { kind: "answer", commandId, answer });
    } catch (error) {
      if (!hasCode(error, "invalid-argument")) throw error;
      // It says more than one event of the instance may: the machine must know at least that there was an answer.
      await this.#give(name, { kind: "answer", commandId, answer: tooLarge(answer, error) });
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
    { saga, instanceId }: InstanceName,
    command: InstanceCommand,
    options: AskOptions,
  ): Promise<Answer> {
    // An instance here may be older than its owner's: its answer would be worth nothing.
    if (this.#options.readOnly) throw new JournalReadOnlyError();
    const definition = this.#sagas.get(saga) as Saga;
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
    await Promise.all([...routers, this.#timers.close(), this.#outbox.close()]);
    await this.#index?.close();
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

/** The aggregates that commands were left for. */
function lanesOf(views: ViewStore): string[] {
  const lanes: string[] = [];
  let from: readonly (string | number)[] = ["sagas", "c"];
  const before = ["sagas", "c\u0000"];
  for (;;) {
    const [key] = [...views.keys("rows", { from, before, limit: 1 })];
    if (key === undefined) return lanes;
    const aggregate = key[2] as string;
    lanes.push(aggregate);
    from = ["sagas", "c", `${aggregate}\u0000`];
  }
}
