/** What a subscription is given, and what it tells of itself. */
import type { Clock } from "../src/kernel/clock.js";
import type { Position } from "../src/kernel/event.js";
import type { Logger } from "../src/kernel/log.js";
import type { EventFilter, Page } from "./journal.js";

/** How a reader of the log stands. */
export type SubscriptionState =
  | "catching-up"
  /** Nothing to do: at the head, at its bound, or not asked to go on. */
  | "live"
  | "retrying"
  /** Told to wait: paused, or while others work on what it keeps. */
  | "held"
  | "stopped"
  | "closed";

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
  /** Whether commits wake it (the default), or only {@link Subscription.wake} and those who wait for a position. */
  readonly follows?: boolean;
  /** Asked before each page: it isn't read beyond. Defaults to the head. */
  upTo?(): Position;
  /** Asked after each page: how long others have the machine for themselves. Defaults to a turn of the event loop. */
  restMs?(): number;
  /**
   * Takes one page. Pages come one at a time; the next one only when this one is done. An empty page with a higher
   * `scannedTo` says that nothing matched up to there. A throw or rejection means that nothing counts that isn't on disk:
   * the next page begins behind what is.
   *
   * @param last - Nothing more is there to be read now: what was gathered should go to disk.
   * @returns The position up to which everything is on disk; undefined for the whole page. After
   *   {@link Subscription.rewind} the next page begins behind it.
   */
  handle(page: Page, last: boolean): Promise<Position | undefined | void> | void;
  /** Its position has moved. */
  onAdvanced?(): void;
  /** Asked when attempts are used up: true to go on, since something else will become of the event; false to stop. */
  giveUp?(error: Error): Promise<boolean> | boolean;
  /** Asked after a failure: true for one that doesn't count, and is tried again however often. Defaults to false. */
  persists?(error: Error): boolean;
}

/** How a reader of the log stands: where it is, how far behind, how fast. */
export interface SubscriptionStatus {
  readonly name: string;
  readonly state: SubscriptionState;
  /** Last position handled. */
  readonly position: Position;
  readonly head: Position;
  readonly lagEvents: number;
  /** Positions a second, over the last ten seconds or so in which it worked. */
  readonly positionsPerSecond: number;
  /** Wall time of the last look at the log: says that it is alive. */
  readonly lastCycleAtMs: number | undefined;
  /** Wall time at which the position last moved: says that it is working. */
  readonly lastAdvanceAtMs: number | undefined;
  readonly attempts: number;
  /** Events handled since it began, those included that were handled again after a failure. */
  readonly handled: number;
  /** Times that its handler, or the log, failed since it began. */
  readonly failures: number;
  readonly lastError: Error | undefined;
}
