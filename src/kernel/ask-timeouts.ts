/**
 * Ask timeouts without a timer for each ask: calls with the same time allowed expire in the order in which they were
 * made, so one queue and one timer for each distinct time will do.
 */
import type { Clock, Timer } from "./clock.js";

export interface Expiring {
  /** Whether it has been answered; then it expires no more. */
  readonly settled: boolean;
  /** Monotonic time; belongs to the queue. */
  deadlineMs: number;
  expire(timeoutMs: number): void;
}

/** With fewer a queue isn't looked through for answered calls. */
const COMPACT_AT_MIN = 1_024;

class TimeoutQueue {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onEmpty: () => void;
  #entries: (Expiring | undefined)[] = [];
  #front = 0;
  #compactAt = COMPACT_AT_MIN;
  #timer: Timer | undefined;

  constructor(clock: Clock, timeoutMs: number, onEmpty: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onEmpty = onEmpty;
  }

  push(call: Expiring, nowMs: number): void {
    this.#dropAnswered();
    call.deadlineMs = nowMs + this.#timeoutMs;
    this.#entries.push(call);
    if (this.#timer === undefined) this.#setTimer(this.#timeoutMs);
  }

  #dropAnswered(): void {
    // Blanked as well: an answered call would keep its answer in memory until the timer.
    while (this.#entries[this.#front]?.settled === true) this.#entries[this.#front++] = undefined;
    if (this.#entries.length < this.#compactAt) return;
    // Also those behind one that is never answered. At twice what is left it is done again.
    this.#entries = this.#entries.filter((call) => call?.settled === false);
    this.#front = 0;
    this.#compactAt = Math.max(COMPACT_AT_MIN, this.#entries.length * 2);
  }

  #setTimer(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      this.#expireDue();
    });
  }

  #expireDue(): void {
    const nowMs = this.#clock.monotonicMs();
    for (;;) {
      const call = this.#entries[this.#front];
      if (call === undefined || (!call.settled && call.deadlineMs > nowMs)) break;
      this.#front += 1;
      if (!call.settled) call.expire(this.#timeoutMs);
    }
    const next = this.#entries[this.#front];
    if (next === undefined) {
      this.#entries = [];
      this.#front = 0;
      this.#onEmpty();
    } else {
      this.#dropAnswered();
      this.#setTimer(Math.max(1, next.deadlineMs - nowMs));
    }
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

export class AskTimeouts {
  readonly #clock: Clock;
  readonly #queues = new Map<number, TimeoutQueue>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Expires the call unless it is answered within `timeoutMs`. */
  watch(call: Expiring, timeoutMs: number, nowMs = this.#clock.monotonicMs()): void {
    let queue = this.#queues.get(timeoutMs);
    if (queue === undefined) {
      queue = new TimeoutQueue(this.#clock, timeoutMs, () => this.#queues.delete(timeoutMs));
      this.#queues.set(timeoutMs, queue);
    }
    queue.push(call, nowMs);
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.close();
    this.#queues.clear();
  }
}
