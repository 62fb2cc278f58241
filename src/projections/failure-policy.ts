/** What becomes of an event whose handler fails: attempts, waits, and then. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";

/** How often an event whose handler fails is tried again, and what becomes of it then. */
export interface FailurePolicy {
  /** Attempts before `then`; defaults to 5. */
  readonly attemptsMax?: number;
  /** Wait before the second attempt, doubled each time up to `retryDelayMaxMs`; default 100 and 10,000. */
  readonly retryDelayMs?: number;
  readonly retryDelayMaxMs?: number;
  /**
   * `park` (the default): the event and all later ones of its key wait, in order, for `operations.replayParked`; other keys go on.
   * `skip`: it is passed over, and recorded as such in the audit stream. `stop`: nothing goes on.
   */
  readonly then?: "park" | "skip" | "stop";
}

const DEFAULTS: Required<FailurePolicy> = {
  attemptsMax: 5,
  retryDelayMs: 100,
  retryDelayMaxMs: 10_000,
  then: "park",
};

/** The policy with its defaults. @throws InvalidArgumentError - A field isn't valid. */
export function failurePolicyOf(
  argument: string,
  given: FailurePolicy | undefined,
): Required<FailurePolicy> {
  if (given === undefined) return DEFAULTS;
  checkObject(argument, given);
  const policy = { ...DEFAULTS, ...given };
  checkInteger(`${argument}: attemptsMax`, policy.attemptsMax, 1, 1_000_000);
  checkInteger(`${argument}: retryDelayMs`, policy.retryDelayMs, 1, 2 ** 31 - 1);
  checkInteger(`${argument}: retryDelayMaxMs`, policy.retryDelayMaxMs, 1, 2 ** 31 - 1);
  if (!["park", "skip", "stop"].includes(policy.then))
    throw new InvalidArgumentError(`${argument}: then`, '"park", "skip" or "stop"', policy.then);
  return Object.freeze(policy);
}
