/** A durable consumer of the log in one process: a page at a time, and again what wasn't done. */
import type { Clock, Timer } from "../kernel/clock.js";
import {
  copied,
  type DurableProgress,
  type InProcessLog,
  type LogEntry,
} from "./in-process-log.js";
import { WAITING_MAX, type Closable, type ConsumeOptions, type Delivery } from "./transport.js";

const RETRY_DELAY_MS = 100;

/** What a consumer needs of its connection. */
export interface ConsumerPorts {
  readonly clock: Clock;
  /** The log as it is now: it may be another one after a loss. */
  log(): InProcessLog;
  isConnected(): boolean;
  /** Calls back after a publication, and when the connection or the log is another. Returns what ends it. */
  onNews(listener: () => void): () => void;
}

export class InProcessConsumer implements Closable {
  readonly #options: ConsumeOptions;
  readonly #ports: ConsumerPorts;
  readonly #endNews: () => void;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(options: ConsumeOptions, ports: ConsumerPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#endNews = ports.onNews(() => this.#wake());
    ports.log().durable(options.durable, options.aggregate);
    this.#wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#endNews();
    await this.#running;
  }

  #wake(): void {
    if (this.#closed || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came in the last moment of the run woke nobody.
      if (this.#page().length > 0) this.#wake();
      else this.#wakeWhenDue();
    });
  }

  async #run(): Promise<void> {
    // A publisher doesn't run its consumers' code.
    await new Promise<void>((resolve) => this.#ports.clock.defer(resolve));
    for (let page = this.#page(); page.length > 0; page = this.#page()) await this.#deliver(page);
  }

  get #progress(): DurableProgress {
    return this.#ports.log().durable(this.#options.durable, this.#options.aggregate);
  }

  /** What is due, oldest first. */
  #page(): LogEntry[] {
    if (this.#closed || !this.#ports.isConnected()) return [];
    const log = this.#ports.log();
    const progress = this.#progress;
    const { aggregate, pageMax } = this.#options;
    const nowMs = this.#ports.clock.monotonicMs();
    const due: LogEntry[] = [];
    for (const sequence of [...progress.waiting.keys()].sort((a, b) => a - b)) {
      const entry = log.at(sequence);
      if (entry === undefined) progress.waiting.delete(sequence);
      else if ((progress.waiting.get(sequence)?.dueMs ?? 0) <= nowMs && due.length < pageMax)
        due.push(entry);
    }
    const room = Math.min(pageMax - due.length, WAITING_MAX - progress.waiting.size);
    if (room <= 0) return due;
    const { entries } = log.page(aggregate, progress.next, room);
    return [...due, ...entries];
  }

  async #deliver(page: readonly LogEntry[]): Promise<void> {
    const progress = this.#progress;
    const last = page[page.length - 1] as LogEntry;
    for (const { sequence } of page) {
      const deliveries = (progress.waiting.get(sequence)?.deliveries ?? 0) + 1;
      progress.waiting.set(sequence, { dueMs: Infinity, deliveries });
    }
    progress.next = Math.max(progress.next, last.sequence + 1);
    const { done, delayMs } = await this.#handled(page, progress);
    const dueMs = this.#ports.clock.monotonicMs() + delayMs;
    for (const [index, { sequence }] of page.entries()) {
      const waiting = progress.waiting.get(sequence);
      if (index < done || waiting === undefined) progress.waiting.delete(sequence);
      else waiting.dueMs = dueMs;
    }
  }

  async #handled(page: readonly LogEntry[], progress: DurableProgress) {
    const deliveries = page.map(({ sequence, message }): Delivery => {
      const times = progress.waiting.get(sequence)?.deliveries ?? 1;
      return { sequence, message: copied(message), deliveries: times };
    });
    try {
      const { done, redeliverAfterMs } = await this.#options.handle(deliveries);
      return { done, delayMs: redeliverAfterMs };
    } catch {
      return { done: 0, delayMs: RETRY_DELAY_MS };
    }
  }

  #wakeWhenDue(): void {
    this.#timer?.cancel();
    if (this.#closed || !this.#ports.isConnected()) return;
    const due = [...this.#progress.waiting.values()].map(({ dueMs }) => dueMs);
    if (due.length === 0) return;
    const delayMs = Math.max(0, Math.min(...due) - this.#ports.clock.monotonicMs());
    this.#timer = this.#ports.clock.setTimer(delayMs, () => this.#wake());
  }
}
