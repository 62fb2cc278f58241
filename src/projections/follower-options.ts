/** What a follower is given, and what it tells of itself. */
import type { Journal, Page, SubscriptionStatus, ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import type { Tracer } from "../kernel/tracer.js";
import type { HandlerFailedError } from "./errors.js";
import type { EventApplierOptions } from "./event-applier.js";
import type { FailurePolicy } from "./failure-policy.js";
import type { HandlerWatch } from "./handler-watch.js";
import type { ParkingReader } from "./parking.js";

export interface FollowerPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer?: Tracer;
}

/** `stop`: whatever the policy says. `wait`: it is tried again, since others must come to it first. */
export type Verdict = "policy" | "stop" | "wait";

export interface FollowerOptions extends EventApplierOptions {
  /** Under which its events are parked. */
  readonly parkingReader: ParkingReader;
  readonly after: Position;
  readonly failurePolicy: Required<FailurePolicy>;
  /** What to do about an event that keeps failing; defaults to its policy. */
  verdictOn?(error: HandlerFailedError): Verdict;
  /** Whether commits wake it; defaults to true. */
  readonly follows?: boolean;
  readonly batchEventsMax?: number;
  /** A failure that isn't a handler's is tried again for ever: for one whose store is elsewhere. Defaults to false. */
  readonly waitsForStore?: boolean;
  /** Positions that somebody told it to pass over. */
  readonly skipped: ReadonlySet<Position>;
  /** Its policy passes an event over: to be recorded before it goes on. */
  onSkip(error: HandlerFailedError): Promise<void>;
  /** Waited for before a page is handled. */
  beforePage?(page: Page): Promise<void>;
  restMs?(): number;
  /** Told what is in hand, so that a handler that never returns can be named. */
  readonly watch?: HandlerWatch;
  /** Its position has moved. */
  onAdvanced?(): void;
}

/** What a follower tells of itself. */
export interface FollowerStatus extends SubscriptionStatus {
  /** Milliseconds since the oldest event that isn't handled was recorded; 0 at the head. See `ReaderStatus`. */
  readonly lagMs: number;
  readonly parked: number;
  readonly paused: boolean;
}
