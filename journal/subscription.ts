/**
 * The one loop over history. Whoever follows the log is a client of it: projections today; reactors, sagas, rules and
 * the relay later. It reads after a checkpoint, page by page, hands each page to its handler, and goes on from where the
 * handler is done: first catching up, then live, woken by commits and never polling.
 *
 * ```
 *            commit               handler fails
 *   live  ----------> catching-up -------------> retrying --(too often, and nobody knows better)--> stopped
 *    ^                 |       ^                    |
 *    +---- at head ----+       +---- time to wait --+
 * ```
 *
 * The checkpoint is the handler's to keep, together with what it wrote; the loop only remembers it.
 */
import { backOffMs } from "../src/kernel/back-off.js";
import type { Timer } from "../src/kernel/clock.js";
import { asError, TidemarkError } from "../src/kernel/errors.js";
import type { Position } from "../src/kernel/event.js";
import { checkInteger } from "../src/kernel/check.js";
import { silentLogger, type Logger } from "../src/kernel/log.js";
import type { Journal } from "./journal.js";
import { RateMeter } from "./rate-meter.js";
import type {
  SubscriptionOptions,
  SubscriptionState,
  SubscriptionStatus,
} from "./subscription-options.js";

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
  readonly #rate: RateMeter;
  #state: SubscriptionState = "catching-up";
  /** Everything up to here is handled and on disk. */
  #position: Position;
  /** Everything up to here was handed over. */
  #readTo: Position;
  #rewound = false;
  #attempts = 0;
  /** Those that count. */
  #failures = 0;
  #handled = 0;
  #failed = 0;
  #lastError: Error | undefined;
  #lastCycleAtMs: number | undefined;
  #lastAdvanceAtMs: number | undefined;
  #timer: Timer | undefined;
  #endRest: () => void = () => undefined;
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
    this.#position = this.#readTo = options.after;
    this.#rate = new RateMeter(options.clock.monotonicMs(), options.after);
    const follows = options.follows ?? true;
    this.#unsubscribe = follows ? journal.onCommitted(() => this.wake()) : () => undefined;
    if (follows) options.clock.defer(() => this.wake());
    else this.#state = "live";
  }

  /** Everything up to here is handled and on disk. */
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
      positionsPerSecond: this.#rate.perSecond(this.#options.clock.monotonicMs()),
      lastCycleAtMs: this.#lastCycleAtMs,
      lastAdvanceAtMs: this.#lastAdvanceAtMs,
      attempts: this.#attempts,
      handled: this.#handled,
      failures: this.#failed,
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
    this.wake();
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

  /** Looks whether there is something to do. */
  wake(): void {
    if (this.#running !== undefined || !isAwake(this.#state)) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came in the last moment of the run found it running and woke nobody.
      const isWanted = this.#options.follows !== false || this.#waiters.length > 0;
      if (this.#state === "live" && this.#isBehind() && isWanted) this.wake();
    });
  }

  /** Like {@link Subscription.wake}, and where it rests it goes on at once: somebody waits. */
  hurry(): void {
    this.#endRest();
    this.wake();
  }

  /** Waits for the page in progress, and takes no more until {@link Subscription.release}. Nothing happens to a stopped one. */
  async hold(): Promise<void> {
    if (this.#state !== "stopped" && this.#state !== "closed") this.#state = "held";
    this.#timer?.cancel();
    this.#endRest();
    await this.#running;
  }

  release(): void {
    if (this.#state !== "held") return;
    this.#state = "catching-up";
    this.wake();
  }

  /** A stopped subscription tries again. */
  restart(): void {
    if (this.#state !== "stopped") return;
    this.#attempts = this.#failures = 0;
    this.#state = "catching-up";
    this.wake();
  }

  /** Within `handle`: what was handed over and isn't on disk is handed over again, without this counting as a failure. */
  rewind(): void {
    this.#rewound = true;
  }

  /** Asked after `handle`, which may have called for it. */
  #mustRewind(): boolean {
    return this.#rewound;
  }

  /** Says that what was handed over is on disk up to there. */
  acknowledge(position: Position): void {
    if (position <= this.#position) return;
    this.#position = position;
    this.#readTo = Math.max(this.#readTo, position);
    this.#lastAdvanceAtMs = this.#options.clock.nowMs();
    this.#rate.advanced(this.#options.clock.monotonicMs(), position);
    this.#attempts = this.#failures = 0;
    this.#lastError = undefined;
    this.#tellWaiters();
    this.#options.onAdvanced?.();
  }

  /** Ends it after the page in progress. */
  async close(): Promise<void> {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.#state = "closed";
    this.#endRest();
    await this.#running;
    this.#tellWaiters();
  }

  async #run(): Promise<void> {
    while (isAwake(this.#state)) {
      this.#lastCycleAtMs = this.#options.clock.nowMs();
      try {
        if (!(await this.#handleNextPage())) {
          if (isAwake(this.#state)) this.#state = "live";
          return;
        }
      } catch (error) {
        await this.#onFailure(asError(error));
      }
    }
  }

  #bound(): Position {
    return Math.min(this.#journal.head(), this.#options.upTo?.() ?? Infinity);
  }

  #isBehind(): boolean {
    return this.#bound() > this.#readTo;
  }

  /** False where there is nothing to read. */
  async #handleNextPage(): Promise<boolean> {
    const upTo = this.#bound();
    if (upTo <= this.#readTo) return false;
    this.#state = "catching-up";
    const { filter } = this.#options;
    const page = this.#journal.readPage({
      after: this.#readTo,
      upTo,
      limit: this.#batchEventsMax,
      ...(filter === undefined ? {} : { filter }),
    });
    const last = page.scannedTo >= this.#bound();
    this.#rewound = false;
    const durable = await this.#options.handle(page, last);
    this.#handled += page.events.length;
    this.#readTo = page.scannedTo;
    this.acknowledge(durable ?? page.scannedTo);
    if (this.#mustRewind()) this.#readTo = this.#position;
    // Commands are served between two pages, however far there is to catch up.
    await this.#rest(this.#options.restMs?.() ?? 0);
    return true;
  }

  /** A turn of the event loop at least. Whoever holds or closes it doesn't wait for the rest of a rest. */
  async #rest(restMs: number): Promise<void> {
    const { clock } = this.#options;
    let timer: Timer | undefined;
    await new Promise<void>((resolve) => {
      if (restMs <= 0 || !isAwake(this.#state)) return clock.defer(resolve);
      this.#endRest = resolve;
      timer = clock.setTimer(restMs, resolve);
    });
    timer?.cancel();
  }

  async #onFailure(error: Error): Promise<void> {
    this.#readTo = this.#position;
    this.#failed += 1;
    // `close` or `hold` may have been called while the handler ran.
    if (!isAwake(this.#state)) return;
    const persists = this.#options.persists?.(error) === true;
    this.#attempts += 1;
    if (!persists) this.#failures += 1;
    this.#lastError = error;
    const { name, attemptsMax = 5 } = this.#options;
    const { retryDelayMs = 100, retryDelayMaxMs = 10_000 } = this.#options;
    const fields = {
      subscription: name,
      position: this.#position,
      attempts: this.#attempts,
      error,
    };
    if (persists || this.#failures < attemptsMax) {
      this.#logger.warn(fields, "the handler of a subscription failed; it will be tried again");
      const delayMs = backOffMs(this.#attempts, retryDelayMs, retryDelayMaxMs);
      this.#retryAfter(delayMs);
    } else if (await this.#mayGoOn(error)) {
      this.#attempts = this.#failures = 0;
    } else if (isAwake(this.#state)) {
      this.#state = "stopped";
      this.#logger.error(fields, "a subscription stopped: its handler keeps failing");
      this.#tellWaiters();
    }
  }

  async #mayGoOn(error: Error): Promise<boolean> {
    try {
      return (await this.#options.giveUp?.(error)) ?? false;
    } catch (failure) {
      this.#lastError = asError(failure);
      return false;
    }
  }

  #retryAfter(delayMs: number): void {
    this.#state = "retrying";
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      if (this.#state !== "retrying") return;
      this.#state = "catching-up";
      this.wake();
    });
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

function isAwake(state: SubscriptionState): boolean {
  return state === "catching-up" || state === "live";
}
