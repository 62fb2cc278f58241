/**
 * What instances are given besides events, and what they ask for: timers that are due, commands on their way and their answers,
 * and the index that knows of both. Sagas have one of it, and each rule set has.
 */
import type { Journal, ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { CommandPort } from "../kernel/command-port.js";
import type { Logger } from "../kernel/log.js";
import { DeliveryIndex, type Indexed } from "./delivery-index.js";
import { Outbox } from "./outbox.js";
import type { LaneStatus } from "./lane-status.js";
import type { TakeAnswer } from "./stored-command.js";
import type { DeliveryRows } from "./rows.js";
import type { TimerName } from "./rows.js";
import { Timers } from "./timers.js";

/** The longest wait between two attempts at a command. */
const ATTEMPT_WITHIN_MS = 30_000;

export interface DeliveryPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly rows: DeliveryRows;
  readonly clock: Clock;
  /** What timers go by, where that isn't the clock. */
  readonly timerClock?: Clock;
  readonly logger: Logger;
  readonly commands: CommandPort;
  /** Another process runs the instances; here nothing is kept. */
  readonly readOnly: boolean;
  /** Resolves once the instance has taken it. */
  fire(timer: TimerName): Promise<void>;
  readonly answer: TakeAnswer;
}

/** What instances are given by timers and by answers of commands. */
export interface DeliveryStatus {
  /** Since the runtime was opened. */
  readonly timersFired: number;
  /** Commands on their way, by the aggregate that they are for. */
  readonly lanes: readonly LaneStatus[];
}

export class DeliverySystem {
  readonly #ports: DeliveryPorts;
  readonly #index: DeliveryIndex | undefined;
  readonly timers: Timers;
  readonly outbox: Outbox;

  private constructor(indexed: Indexed, ports: DeliveryPorts) {
    this.#ports = ports;
    const { clock, timerClock = clock, readOnly } = ports;
    const settle = () => this.settle();
    this.timers = new Timers({ ...ports, clock: timerClock, settle });
    this.outbox = new Outbox({ ...ports, settle });
    if (indexed.owners.length === 0 || readOnly) return;
    const listener = {
      timerSet: this.timers.set.bind(this.timers),
      timerGone: this.timers.gone.bind(this.timers),
      commandAsked: this.outbox.asked.bind(this.outbox),
      commandGone: this.outbox.gone.bind(this.outbox),
    };
    this.#index = new DeliveryIndex(indexed, listener, ports);
  }

  /** Rows that can't be the log's are removed first. Nothing fires or leaves before `start`. */
  static async open(indexed: Indexed, ports: DeliveryPorts): Promise<DeliverySystem> {
    if (indexed.owners.length > 0 && !ports.readOnly)
      await DeliveryIndex.clean(ports.views, ports.rows, ports.journal);
    return new DeliverySystem(indexed, ports);
  }

  get index(): DeliveryIndex | undefined {
    return this.#index;
  }

  /** What was left undone gets under way: overdue timers fire, commands leave. */
  start(): void {
    const { journal } = this.#ports;
    this.timers.start();
    this.outbox.start(this.#lanes(), journal.head());
  }

  status(): DeliveryStatus {
    return { timersFired: this.timers.fired, lanes: this.outbox.status() };
  }

  /** The rows of the index reflect everything durable. */
  async settle(): Promise<void> {
    await this.#index?.settle();
  }

  /** Whether timers and commands are recorded that nobody here was told of yet: while the index is written it learns nothing. */
  isBehind(): boolean {
    return this.#index !== undefined && this.#index.position() < this.#ports.journal.head();
  }

  /** Everything durable was told, no timer fires or is due, and every command is answered. */
  isIdle(): boolean {
    return !this.isBehind() && this.outbox.pending === 0 && !this.timers.isBusy();
  }

  /**
   * Wall time at which somebody gets something without anything having happened: a timer, or another attempt at a command.
   * Undefined where that doesn't come. Moments of event time aren't counted: an event brings them.
   */
  nextDueAtMs(): number | undefined {
    const { clock, timerClock = clock } = this.#ports;
    const timerAtMs = timerClock === clock ? this.timers.nextDueAtMs() : undefined;
    const attemptAtMs = this.outbox.pending === 0 ? undefined : clock.nowMs() + ATTEMPT_WITHIN_MS;
    const dues = [timerAtMs, attemptAtMs].filter((due) => due !== undefined);
    return dues.length === 0 ? undefined : Math.min(...dues);
  }

  /** Nothing fires or leaves any more; what is in hand is waited for. To be called with whoever takes its inputs. */
  async stop(): Promise<void> {
    await Promise.all([this.timers.close(), this.outbox.close()]);
  }

  async close(): Promise<void> {
    await this.#index?.close();
  }

  /** The aggregates that commands were left for. */
  #lanes(): string[] {
    const { views, rows } = this.#ports;
    const [prefix, table] = rows.commandsKey() as readonly [string, string];
    const lanes: string[] = [];
    let from = rows.commandsKey();
    const before = [prefix, `${table}\u0000`];
    for (;;) {
      const [key] = [...views.keys("rows", { from, before, limit: 1 })];
      if (key === undefined) return lanes;
      const aggregate = key[2] as string;
      lanes.push(aggregate);
      from = rows.commandsKey(`${aggregate}\u0000`);
    }
  }
}
