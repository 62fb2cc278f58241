/** Keeps the process alive while anybody awaits something: one hold for all of them, where each of its own would be a timer. */
import type { Clock, Timer } from "./clock.js";

export class SharedHold {
  readonly #clock: Clock;
  #waiting = 0;
  #hold: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async during<T>(work: Promise<T>): Promise<T> {
    this.#waiting += 1;
    if (this.#waiting === 1) this.#hold = this.#clock.keepAlive?.();
    try {
      return await work;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) this.#hold?.cancel();
    }
  }
}
