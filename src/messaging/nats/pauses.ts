import type { Clock } from "../../kernel/clock.js";

/** Waiting that can be cut short: by whoever closes what waits. */
export class Pauses {
  readonly #clock: Clock;
  readonly #endings = new Set<() => void>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves after the delay, or at once when all pauses are over. */
  async pause(delayMs: number): Promise<void> {
    if (this.#isOver) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        timer.cancel();
        this.#endings.delete(end);
        resolve();
      };
      const timer = this.#clock.setTimer(delayMs, end);
      this.#endings.add(end);
    });
  }

  /** Ends all of them, also those to come. */
  end(): void {
    this.#isOver = true;
    for (const end of [...this.#endings]) end();
  }
}
