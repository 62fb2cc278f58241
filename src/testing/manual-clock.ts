/** A clock that moves only when told to: tests own time. */
import type { Clock, Timer } from "../kernel/clock.js";

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Turns of the event loop given to what a timer set off, before the next timer. */
const SETTLING_TURNS = 3;

/** Starts at a fixed moment and stays there until `advance` or `setWall`. */
export class ManualClock implements Clock {
  #wallMs: number;
  #elapsedMs = 0;
  #timers = new Set<Pending>();
  #order = 0;

  /** @param startMs - Wall time at the start, in milliseconds since 1970; defaults to 2026-01-01. */
  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = startMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const pending: Pending = { dueMs: this.#elapsedMs + delayMs, order: this.#order++, run };
    this.#timers.add(pending);
    return { cancel: () => void this.#timers.delete(pending) };
  }

  /** Turns aren't time: they go on by themselves, so that disks and promises make progress. */
  defer(run: () => void): void {
    setImmediate(run);
  }

  /** Jumps the wall clock, as an operator or a time server does; timers and durations don't notice. */
  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  /** Moves time on, runs the timers that are due, in their order, and lets what they set off settle after each. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms;
    await settled();
    for (let next = this.#nextDue(untilMs); next !== undefined; next = this.#nextDue(untilMs)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(next.dueMs, this.#elapsedMs));
      next.run();
      await settled();
    }
    this.#moveTo(untilMs);
  }

  #moveTo(elapsedMs: number): void {
    this.#wallMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }

  #nextDue(untilMs: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        next === undefined ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < SETTLING_TURNS; turn++)
    await new Promise<void>((resolve) => setImmediate(resolve));
}
