/** How long and how often a command that a rule sends is tried. */
import { checkInteger, checkObject } from "../kernel/check.js";

/** How long and how often a command that a rule sends is tried. */
export interface RuleSendOptions {
  /** Attempts at the most, with growing pauses of 100 ms to 30 s; defaults to 20, about seven minutes. */
  readonly attemptsMax?: number;
  /** Wall time after which it isn't tried any more. Defaults to none. */
  readonly timeoutMs?: number;
}

export function checkSendingOptions(options: RuleSendOptions): void {
  checkObject("options of send", options);
  const { attemptsMax, timeoutMs } = options;
  if (attemptsMax !== undefined)
    checkInteger("attemptsMax of a command", attemptsMax, 1, 1_000_000);
  if (timeoutMs !== undefined)
    checkInteger("timeoutMs of a command", timeoutMs, 1, Number.MAX_SAFE_INTEGER);
}
