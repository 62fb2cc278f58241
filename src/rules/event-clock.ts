/**
 * Event time as a clock: it goes on with the events of a rule set, and what waits for a moment is called once they have come
 * so far. Turns of the event loop are those of the real clock.
 */
import type { Clock, Timer } from "../kernel/clock.js";

interface Waiting extends Timer {
  readonly atMs: number;
  readonly run: () => void;
}

export class EventClock implements Clock {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #nowMs: number;

  constructor(clock: Clock, nowMs: number) {
    this.#clock = clock;
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const waiting = {
      atMs: this.#nowMs + delayMs,
      run,
      cancel: () => void this.#waiting.delete(waiting),
    };
    this.#waiting.add(waiting);
    // A moment that is past is still a later turn.
    if (delayMs <= 0) this.#clock.defer(() => this.#callDue());
    return waiting;
  }

  defer(run: () => void): void {
    this.#clock.defer(run);
  }

  /** Time never goes back. */
  advanceTo(nowMs: number): void {
    if (nowMs <= this.#nowMs) return;
    this.#nowMs = nowMs;
    this.#callDue();
  }

  #callDue(): void {
    const due = [...this.#waiting].filter(({ atMs }) => atMs <= this.#nowMs);
    for (const waiting of due) if (this.#waiting.delete(waiting)) waiting.run();
  }
}
