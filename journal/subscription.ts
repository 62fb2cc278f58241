/**
 * The one loop over history. Whoever follows the log is a client of it: projections today; reactors, sagas, rules and
 * the relay later. It reads after a checkpoint, page by page, hands each page to its handler, and goes on from where the
 * handler is done: first catching up, then live, woken by commits and never polling.
 *
 * ```
 *            commit               handler fails
 *   live  ----------> catching-up -------------> retrying --(too often)--> stopped
 *    ^                 |       ^                    |
 *    +---- at head ----+       +---- time to wait --+
 * ```
 *
 * The checkpoint is the handler's to keep, together with what it wrote; the loop only remembers it.
 */
import type { Clock, Timer } from "../src/kernel/clock.js";
import { asError, TidemarkError } from "../src/kernel/errors.js";
import type { Position } from "../src/kernel/event.js";
import { checkInteger } from "../src/kernel/check.js";
import { silentLogger, type Logger } from "../src/kernel/log.js";
import type { EventFilter, Journal, Page } from "./journal.js";

export type SubscriptionState = "catching-up" | "live" | "retrying" | "stopped" | "closed";

export interface SubscriptionOptions {
  /** Names it in errors, logs and status. */
  readonly name: string;
  /** The checkpoint: events after this position are delivered, in order. */
  readonly after: Position;
  readonly filter?: EventFilter;
  /** Events handed over at a time; defaults to 1,000. */
  readonly batchEventsMax?: number;
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Waits before the next try after a failure, doubled each time up to `retryDelayMaxMs`. Defaults to 100 ms and 10 s. */
  readonly retryDelayMs?: number;
  readonly retryDelayMaxMs?: number;
  /** Failures in a row after which it stops; defaults to 5. */
  readonly attemptsMax?: number;
  /**
   * Takes one page. Pages come one at a time; the next one only when this one is done. An empty page with a higher
   * `scannedTo` says that nothing matched up to there. A throw or rejection means that nothing of the page counts.
   */
  handle(page: Page): Promise<void> | void;
}

export interface SubscriptionStatus {
  readonly name: string;
  readonly state: SubscriptionState;
  /** Last position handled. */
  readonly position: Position;
  readonly head: Position;
  readonly lagEvents: number;
  /** Wall time of the last look at the log: says that it is alive. */
  readonly lastCycleAtMs: number | undefined;
  /** Wall time at which the position last moved: says that it is working. */
  readonly lastAdvanceAtMs: number | undefined;
  readonly attempts: number;
  readonly lastError: Error | undefined;
}

/** A subscription gave up after its handler failed too often. What it wrote before stands; fix the handler and open again. */
export class SubscriptionStoppedError extends TidemarkError {
  readonly code = "subscription-stopped";
  readonly retryable = false;

  constructor(
    readonly subscription: string,
    readonly position: Position,
    cause: unknown,
  ) {
    super(
      `subscription ${subscription} stopped after position ${position}: its handler keeps failing`,
      { cause },
    );
  }
}

/** The wait for a subscription's position took longer than allowed. The subscription goes on. */
export class SubscriptionTimeoutError extends TidemarkError {
  readonly code = "subscription-timeout";
  readonly retryable = true;

  constructor(
    readonly subscription: string,
    readonly position: Position,
    readonly wanted: Position,
    readonly timeoutMs: number,
  ) {
    super(
      `subscription ${subscription} is at position ${position} and didn't reach ${wanted} within ${timeoutMs} ms`,
    );
  }
}

interface Waiter {
  readonly position: Position;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Subscription {
  readonly #journal: Journal;
  readonly #options: SubscriptionOptions;
  readonly #logger: Logger;
  readonly #batchEventsMax: number;
  #state: SubscriptionState = "catching-up";
  #position: Position;
  #attempts = 0;
  #lastError: Error | undefined;
  #lastCycleAtMs: number | undefined;
  #lastAdvanceAtMs: number | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #waiters: Waiter[] = [];
  readonly #unsubscribe: () => void;

  /** Starts on a later turn of the event loop. */
  constructor(journal: Journal, options: SubscriptionOptions) {
    checkInteger("after", options.after, 0, Number.MAX_SAFE_INTEGER);
    this.#batchEventsMax = options.batchEventsMax ?? 1_000;
    checkInteger("batchEventsMax", this.#batchEventsMax, 1, 1_000_000);
    this.#journal = journal;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#position = options.after;
    this.#unsubscribe = journal.onCommitted(() => this.#wake());
    options.clock.defer(() => this.#wake());
  }

  position(): Position {
    return this.#position;
  }

  status(): SubscriptionStatus {
    const head = this.#state === "closed" ? this.#position : this.#journal.head();
    return {
      name: this.#options.name,
      state: this.#state,
      position: this.#position,
      head,
      lagEvents: Math.max(0, head - this.#position),
      lastCycleAtMs: this.#lastCycleAtMs,
      lastAdvanceAtMs: this.#lastAdvanceAtMs,
      attempts: this.#attempts,
      lastError: this.#lastError,
    };
  }

  /**
   * Resolves once everything up to `position` is handled.
   *
   * @throws SubscriptionStoppedError - It stopped before; it won't get there.
   * @throws SubscriptionTimeoutError - It didn't get there in time.
   */
  async reached(position: Position, timeoutMs: number): Promise<void> {
    if (this.#position >= position) return;
    const stopped = this.#stoppedError();
    if (stopped !== undefined) throw stopped;
    let timer: Timer | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { position, resolve, reject };
        this.#waiters.push(waiter);
        timer = this.#options.clock.setTimer(timeoutMs, () => {
          this.#waiters = this.#waiters.filter((other) => other !== waiter);
          reject(
            new SubscriptionTimeoutError(this.#options.name, this.#position, position, timeoutMs),
          );
        });
      });
    } finally {
      timer?.cancel();
    }
  }

  /** Ends it after the page in progress. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#state = "closed";
    await this.#running;
    this.#tellWaiters();
  }

  #wake(): void {
    if (
      this.#running !== undefined ||
      this.#state === "closed" ||
      this.#state === "stopped" ||
      this.#state === "retrying"
    )
      return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // A commit that came in the last moment of the run found it running and woke nobody.
      if (this.#state === "live" && this.#journal.head() > this.#position) this.#wake();
    });
  }

  async #run(): Promise<void> {
    while (this.#state !== "closed") {
      this.#lastCycleAtMs = this.#options.clock.nowMs();
      try {
        if (!(await this.#handleNextPage())) {
          if (!this.#isClosed()) this.#state = "live";
          return;
        }
      } catch (error) {
        this.#onFailure(asError(error));
        return;
      }
    }
  }

  /** False where there is nothing to read. */
  async #handleNextPage(): Promise<boolean> {
    const { filter } = this.#options;
    if (this.#journal.head() <= this.#position) return false;
    this.#state = "catching-up";
    const limit = this.#batchEventsMax;
    const page = this.#journal.readPage({
      after: this.#position,
      limit,
      ...(filter === undefined ? {} : { filter }),
    });
    await this.#options.handle(page);
    this.#position = page.scannedTo;
    this.#lastAdvanceAtMs = this.#options.clock.nowMs();
    this.#attempts = 0;
    this.#lastError = undefined;
    this.#tellWaiters();
    // Commands are served between two pages, however far there is to catch up.
    await new Promise<void>((resolve) => this.#options.clock.defer(resolve));
    return true;
  }

  #onFailure(error: Error): void {
    // `close` may have been called while the handler ran.
    if (this.#isClosed()) return;
    this.#attempts += 1;
    this.#lastError = error;
    const {
      name,
      clock,
      attemptsMax = 5,
      retryDelayMs = 100,
      retryDelayMaxMs = 10_000,
    } = this.#options;
    const fields = {
      subscription: name,
      position: this.#position,
      attempts: this.#attempts,
      error,
    };
    if (this.#attempts >= attemptsMax) {
      this.#state = "stopped";
      this.#logger.error(fields, "a subscription stopped: its handler keeps failing");
      this.#tellWaiters();
      return;
    }
    this.#state = "retrying";
    this.#logger.warn(fields, "the handler of a subscription failed; it will be tried again");
    const delayMs = Math.min(retryDelayMs * 2 ** (this.#attempts - 1), retryDelayMaxMs);
    this.#timer = clock.setTimer(delayMs, () => {
      this.#state = "catching-up";
      this.#wake();
    });
  }

  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #stoppedError(): Error | undefined {
    if (this.#state !== "stopped" && this.#state !== "closed") return undefined;
    return new SubscriptionStoppedError(this.#options.name, this.#position, this.#lastError);
  }

  #tellWaiters(): void {
    if (this.#waiters.length === 0) return;
    const stopped = this.#stoppedError();
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (this.#position >= waiter.position) waiter.resolve();
      else if (stopped !== undefined) waiter.reject(stopped);
      else this.#waiters.push(waiter);
    }
  }
}
