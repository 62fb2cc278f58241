/**
 * Time, ids and turns of the event loop as ports, so that a test or a simulation owns them. No other file of the
 * engines reads a clock; the system's own implementation is `system-clock.ts`.
 */

/** A pending call of {@link Clock.setTimer}. */
export interface Timer {
  /** Forgets the call; harmless when it already happened. */
  cancel(): void;
}

/** The port for time. Tests give a `ManualClock` of `tidemark/testing`. */
export interface Clock {
  /** Wall time in milliseconds since 1970. May jump, also backwards. */
  nowMs(): number;
  /** Milliseconds since some start, never backwards, with fractions: for durations. */
  monotonicMs(): number;
  /** Calls `run` once after at least `delayMs`. The timer alone doesn't keep the process alive. */
  setTimer(delayMs: number, run: () => void): Timer;
  /** Keeps the process alive until it is cancelled: for calls that somebody awaits. A clock of tests needs none. */
  keepAlive?(): Timer;
  /** Calls `run` on a later turn of the event loop, after all promises that are ready have been served. */
  defer(run: () => void): void;
}

/** Keeps the process alive for as long as somebody awaits `work`: timers alone don't. */
export async function keptAlive<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const hold = clock.keepAlive?.();
  try {
    return await work;
  } finally {
    hold?.cancel();
  }
}

/** Makes ids that nobody can guess and that don't repeat. */
export interface Ids {
  /** A new UUID in its canonical lower-case form. */
  newId(): string;
}
