/** How much of the machine a generation that is being built may take while commands come in. Without them it takes all. */
import type { Journal } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";

const REST_MS_MAX = 100;

export class Pace {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #share: number;
  #head = 0;
  #resumedAtMs: number;

  /** @param share - Of the time, between 0 and 1; 1 for no rest. */
  constructor(journal: Journal, clock: Clock, share: number) {
    this.#journal = journal;
    this.#clock = clock;
    this.#share = share;
    this.#resumedAtMs = clock.monotonicMs();
  }

  /** Asked after each page of work: how long to rest before the next. */
  restMs(): number {
    const head = this.#journal.head();
    const busy = head !== this.#head || this.#journal.inFlightBytes() > 0;
    this.#head = head;
    const nowMs = this.#clock.monotonicMs();
    const workedMs = nowMs - this.#resumedAtMs;
    const restMs = busy
      ? Math.min(REST_MS_MAX, Math.ceil((workedMs * (1 - this.#share)) / this.#share))
      : 0;
    this.#resumedAtMs = nowMs + restMs;
    return restMs;
  }
}
