/** The machine's own time, ids and event loop: the only file of the engines that reads them. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Clock, Ids, Timer } from "./clock.js";

const TIMER_DELAY_MS_MAX = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs: number, run: () => void): Timer {
    const handle = setTimeout(run, Math.min(delayMs, TIMER_DELAY_MS_MAX));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  keepAlive(): Timer {
    const handle = setInterval(() => undefined, TIMER_DELAY_MS_MAX);
    return { cancel: () => clearInterval(handle) };
  },
  defer: (run) => void setImmediate(run),
};

/** Random UUIDs (version 4) from the system's source of randomness. */
export const systemIds: Ids = { newId: () => randomUUID() };

/** Bytes that nobody can guess, from the system's source of randomness: for keys. */
export const systemRandomBytes = (length: number): Uint8Array => randomBytes(length);
