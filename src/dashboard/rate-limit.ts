/** How often something may happen: `burst` at once, and `perSecond` in the long run. */
export interface RateLimit {
  readonly burst: number;
  readonly perSecond: number;
}

/** A bucket that fills with time. One for all who ask: behind a proxy everybody has the same address. */
export class Rate {
  readonly #limit: RateLimit;
  readonly #nowMs: () => number;
  #left: number;
  #filledAtMs: number;

  constructor(limit: RateLimit, nowMs: () => number) {
    this.#limit = limit;
    this.#nowMs = nowMs;
    this.#left = limit.burst;
    this.#filledAtMs = nowMs();
  }

  /** Whether there was something left. */
  take(): boolean {
    this.#fill();
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  isEmpty(): boolean {
    this.#fill();
    return this.#left < 1;
  }

  #fill(): void {
    const nowMs = this.#nowMs();
    const grown = (Math.max(0, nowMs - this.#filledAtMs) / 1_000) * this.#limit.perSecond;
    this.#left = Math.min(this.#limit.burst, this.#left + grown);
    this.#filledAtMs = nowMs;
  }
}
