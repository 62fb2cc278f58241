/** What waits, as an operator sees it. */
import type { Position } from "../kernel/event.js";

/** A timer that is set. */
export interface ShownTimer {
  readonly owner: string;
  readonly instanceId: string;
  readonly timer: string;
  readonly dueAtMs: number;
}

/** Commands of instances or sessions for one aggregate that aren't answered. */
export interface ShownOutboxEntry {
  /** Whose commands: `sagas`, or `rules/<rule set>`. */
  readonly owner: string;
  /** The aggregate that they are for. */
  readonly lane: string;
  readonly waiting: number;
  readonly attempts: number;
  /** What the last attempt failed with, and when; gone once one was answered. */
  readonly error?: string;
  readonly errorAtMs?: number;
}

/** A claim that is held. */
export interface ShownClaim {
  readonly claim: string;
  readonly key: string;
  readonly owner: string;
  readonly expiresAtMs?: number;
  readonly position: Position;
}
