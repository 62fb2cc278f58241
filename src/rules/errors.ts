/** What ends a step of a session: nothing of it is recorded but that, and the session is parked. */
import { TidemarkError, type ErrorDetails } from "../kernel/errors.js";

/** Which step of which session. */
export interface StepPlace {
  readonly ruleSet: string;
  readonly sessionId: string;
  /** `Borrowed at position 7`, or what else is handled. */
  readonly input: string;
}

/**
 * A handler or a function of a rule threw, or asked for what can't be recorded. Nothing of the step was recorded, the session is parked;
 * it goes on, with the same input, once it is released.
 */
export class RuleFailedError extends TidemarkError {
  readonly code = "rule-failed";
  readonly retryable = false;
  readonly ruleSet: string;
  readonly sessionId: string;

  /** @param subject - What failed: `rule too-many-books`, `on Borrowed`. */
  constructor(place: StepPlace, subject: string, problem: string, details?: ErrorDetails) {
    const { ruleSet, sessionId, input } = place;
    super(
      `${subject} of rule set ${ruleSet} failed in session ${sessionId} (${input}): ${problem}`,
      details,
    );
    this.ruleSet = ruleSet;
    this.sessionId = sessionId;
  }
}

/**
 * A session would hold more than its limits allow, or its rules don't come to an end. Nothing of the step was recorded, the session is
 * parked. Raise the limit, or make fewer of what it counts; then release it.
 */
export class SessionFullError extends TidemarkError {
  readonly code = "session-over-limit";
  readonly retryable = false;
  readonly ruleSet: string;
  readonly sessionId: string;
  /** The limit, as the rule set's `limits` call it. */
  readonly limit: string;
  readonly max: number;

  constructor(place: StepPlace, limit: string, max: number) {
    const { ruleSet, sessionId, input } = place;
    super(
      `session ${sessionId} of rule set ${ruleSet} needs more than ${limit} (${max}) allows (${input}): ` +
        `raise that limit, or keep less; then release the session`,
    );
    this.ruleSet = ruleSet;
    this.sessionId = sessionId;
    this.limit = limit;
    this.max = max;
  }
}
