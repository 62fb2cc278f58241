/**
 * One rule set at work: its events are routed to sessions, which are actors; what they wait for comes by timers, what they ask for
 * leaves by the outbox. A client of delivery, like sagas; what is its own is time, which goes by the events where they say so.
 */
import type { Answer, AskOptions } from "../../actors/index.js";
import { JournalReadOnlyError, type Journal, type ViewStore } from "../../journal/index.js";
import {
  DeliveryRows,
  DeliverySystem,
  routedTo,
  Router,
  type CommandOutcome,
  type Hand,
  type InstanceName,
} from "../delivery/index.js";
import { backOffMs } from "../kernel/back-off.js";
import type { Clock } from "../kernel/clock.js";
import type { CommandPort } from "../kernel/command-port.js";
import { asError, isOwnEnd, TidemarkError } from "../kernel/errors.js";
import type { Metadata, Position } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import { allHandedOn, handedOn } from "../kernel/provenance.js";
import { EventClock } from "./event-clock.js";
import { RuleLog } from "./rule-log.js";
import { RuleRoutes } from "./rule-routes.js";
import type { RuleSet } from "./rule-set.js";
import type { ReleasedEvent } from "./release.js";
import type { SessionCommand } from "./session-behavior.js";
import type { RecordLimits } from "./session-draft.js";
import { wakeBefore } from "./session-step.js";
import { BEFORE_TIME_MS, INDEXED_EVENT_TYPES, type SessionInput } from "./session.js";

export interface RulePorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: RecordLimits;
  /** Another process runs the sessions; here they can be looked at. */
  readonly readOnly: boolean;
  readonly commands: CommandPort;
  /** Asks a session, as the actor it is. */
  ask(
    rules: RuleSet,
    sessionId: string,
    command: SessionCommand,
    options: AskOptions,
  ): Promise<Answer>;
}

/** Called before a session is given something: it may have to take over what a replay made of it first. */
export type Prepare = (sessionId: string) => Promise<void>;

const TAKE_TIMEOUT_MS = 60_000;
/** As long as it takes: were one given up that waits in its mailbox, those behind it would go on. */
const ROUTING_TIMEOUT_MS = 2 ** 31 - 1;
const RETRY_FIRST_MS = 100;
const RETRY_MOST_MS = 30_000;

/** A session keeps as many inputs as it may: answers wait until it is released. */
class SessionKeepsNoMoreError extends TidemarkError {
  readonly code = "session-full";
  readonly retryable = true;

  constructor({ owner, instanceId }: InstanceName) {
    super(`session ${instanceId} of rule set ${owner} is parked and keeps no more: release it`);
  }
}

export class RuleHost {
  readonly log: RuleLog;
  readonly rows: DeliveryRows;
  readonly #rules: RuleSet;
  readonly #ports: RulePorts;
  readonly #eventClock: EventClock;
  #delivery!: DeliverySystem;
  #router: Router | undefined;
  #routes: RuleRoutes | undefined;
  #prepare: Prepare | undefined;
  /** The version that sessions are run by. */
  #running: RuleSet;
  /** Sessions get nothing until it resolves. */
  #gate: Promise<void> | undefined;
  #openGate: () => void = () => undefined;
  #inFlight = 0;
  #started = false;
  #caughtUp: Promise<void> | undefined;
  #closed = false;

  private constructor(rules: RuleSet, ports: RulePorts) {
    this.#rules = this.#running = rules;
    this.#ports = ports;
    this.log = new RuleLog(ports.journal, rules.name);
    this.rows = new DeliveryRows(`rules/${rules.name}`);
    this.#eventClock = new EventClock(ports.clock, BEFORE_TIME_MS);
  }

  /** Nothing happens before `route`. */
  static async open(rules: RuleSet, ports: RulePorts): Promise<RuleHost> {
    const host = new RuleHost(rules, ports);
    const indexed = {
      name: `index of rule set ${rules.name}`,
      owners: [rules.name],
      eventTypes: INDEXED_EVENT_TYPES,
    };
    host.#delivery = await DeliverySystem.open(indexed, {
      ...ports,
      rows: host.rows,
      ...(rules.hasEventTime ? { timerClock: host.#eventClock } : {}),
      fire: ({ instanceId }) => host.#fire(instanceId),
      answer: (...answered) => host.#answer(...answered),
    });
    return host;
  }

  get delivery(): DeliverySystem {
    return this.#delivery;
  }

  get router(): Router | undefined {
    return this.#router;
  }

  /** The latest time of the events that were routed. */
  get timeMs(): number {
    return this.#routes?.timeMs ?? BEFORE_TIME_MS;
  }

  /** Up to where events were routed in an earlier life. */
  routedTo(): Position {
    const { rows, log } = this;
    return routedTo(this.#rules.name, { ...this.#ports, rows, log })?.at ?? 0;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Events, timers and commands get under way. @param rules - The version that runs: this rule set, or the one before. */
  async route(rules: RuleSet, prepare?: Prepare): Promise<void> {
    const { journal, views, clock, logger } = this.#ports;
    this.#running = rules;
    this.#prepare = prepare;
    await this.#delivery.settle();
    const take = (sessionId: string, input: SessionInput) =>
      this.take(sessionId, input, { timeoutMs: ROUTING_TIMEOUT_MS });
    const routes = new RuleRoutes(rules, take, (timeMs) => this.#eventClock.advanceTo(timeMs));
    this.#routes = routes;
    const ports = { journal, views, rows: this.rows, clock, logger, log: this.log };
    this.#router = await Router.open(routes, ports);
    this.#eventClock.advanceTo(routes.timeMs);
    if (!this.#started) this.#delivery.start();
    this.#started = true;
  }

  /** Events aren't routed any more. Resolves with how far they were. */
  async stopRouting(): Promise<Position> {
    await this.#router?.close();
    const position = this.#router?.position() ?? 0;
    this.#router = undefined;
    return position;
  }

  /** Sessions get nothing more until `release`: neither events nor time nor answers. Resolves once what was given is taken. */
  async hold(): Promise<void> {
    this.#gate ??= new Promise<void>((resolve) => (this.#openGate = resolve));
    while (this.#inFlight > 0)
      await new Promise<void>((resolve) => this.#ports.clock.defer(resolve));
  }

  /** The end of `hold`. */
  release(): void {
    this.#gate = undefined;
    this.#openGate();
  }

  /** From now on nothing has to be done before a session is given something. */
  prepared(): void {
    this.#prepare = undefined;
  }

  /**
   * Gives an input to a session. Resolves with why it wasn't taken, or with nothing once it is on disk.
   *
   * @throws InvalidArgumentError - The input can't be recorded. Nothing was written.
   */
  async take(
    sessionId: string,
    input: SessionInput,
    options: AskOptions,
  ): Promise<string | undefined> {
    while (this.#gate !== undefined) await this.#gate;
    this.#inFlight += 1;
    try {
      await this.#prepare?.(sessionId);
      return await this.#takeNow(sessionId, input, options);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #takeNow(
    sessionId: string,
    input: SessionInput,
    options: AskOptions,
  ): Promise<string | undefined> {
    const { limits } = this.#ports;
    const { version } = this.#running;
    const take = (given: SessionInput) =>
      this.ask(
        sessionId,
        handedOn(input.kind === "event" ? input.event : input, {
          type: "take",
          data: { version, limits, input: given },
        }),
        input.kind === "event" ? { causedBy: input.event, ...options } : options,
      );
    for (;;) {
      const answer = await take(input);
      if (answer.status === "accepted") return undefined;
      if (answer.code !== "wake-first" || input.kind !== "event") return answer.code;
      // More is due before this event than one commit holds.
      await take(wakeBefore(input, this.#running));
    }
  }

  /** Does something to a session by hand. */
  hand(sessionId: string, type: "park" | "discard", hand: Hand): Promise<Answer> {
    return this.ask(sessionId, { type, data: hand }, {});
  }

  /** Gives a parked session what it kept. */
  giveKept(sessionId: string, hand: Hand, events: readonly ReleasedEvent[]): Promise<Answer> {
    const { limits } = this.#ports;
    const command = { type: "release", data: { hand, events, limits } } as const;
    const known = events.map(({ input }) => input?.event);
    return this.ask(sessionId, allHandedOn(known, command), {});
  }

  ask(sessionId: string, command: SessionCommand, options: AskOptions): Promise<Answer> {
    // A session here may be older than its owner's: its answer would be worth nothing.
    if (this.#ports.readOnly) return Promise.reject(new JournalReadOnlyError());
    const withDefault = { timeoutMs: TAKE_TIMEOUT_MS, ...options };
    return this.#ports.ask(this.#rules, sessionId, command, withDefault);
  }

  /** Resolves once everything that is durable now has reached its sessions. */
  caughtUp(): Promise<void> {
    // What is asked for together waits together.
    this.#caughtUp ??= this.#waitForHead().finally(() => (this.#caughtUp = undefined));
    return this.#caughtUp;
  }

  async #waitForHead(): Promise<void> {
    const { journal, clock } = this.#ports;
    await new Promise<void>((resolve) => clock.defer(resolve));
    const head = journal.head();
    while (!this.#closed && (this.#router?.position() ?? head) < head)
      await new Promise<void>((resolve) => clock.defer(resolve));
  }

  /**
   * Time has come for a session. By the clock that is only known once events recorded before have reached it: what happens then
   * must not depend on who was faster. By event time it is known: the clock is at what was routed.
   */
  async #fire(sessionId: string): Promise<void> {
    const { clock, logger } = this.#ports;
    for (let failures = 0; !this.#closed;) {
      try {
        await this.#wake(sessionId);
        return;
      } catch (error) {
        if (isOwnEnd(error)) throw error;
        failures += 1;
        const fields = { ruleSet: this.#rules.name, sessionId, error: asError(error) };
        logger.warn(fields, "a session couldn't be woken; it is tried again");
        // By event time no later moment may ever come.
        const pauseMs = backOffMs(failures, RETRY_FIRST_MS, RETRY_MOST_MS);
        await new Promise<void>((resolve) => clock.setTimer(pauseMs, resolve));
      }
    }
  }

  async #wake(sessionId: string): Promise<void> {
    if (this.#running.hasEventTime) {
      await this.take(sessionId, { kind: "wake", toMs: this.#eventClock.nowMs() }, {});
      return;
    }
    const toMs = this.#ports.clock.nowMs();
    await this.caughtUp();
    await this.take(sessionId, { kind: "wake", toMs }, {});
  }

  async #answer(
    name: InstanceName,
    commandId: string,
    answer: CommandOutcome,
    origin: Metadata,
  ): Promise<void> {
    const input: SessionInput = handedOn(answer, { kind: "answer", commandId, answer });
    if ((await this.take(name.instanceId, input, origin)) === "session-full")
      throw new SessionKeepsNoMoreError(name);
  }

  /** Nothing is routed, fires or leaves any more; what is in hand is waited for. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.release();
    await Promise.all([this.#router?.close(), this.#delivery.stop()]);
    await this.#delivery.close();
  }
}
