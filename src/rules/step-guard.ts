/** What keeps a step within bounds, and says which step of which session failed. */
import { asError } from "../kernel/errors.js";
import { RuleFailedError, SessionFullError, type StepPlace } from "./errors.js";
import type { SessionLimits } from "./runnable-rules.js";

export class StepGuard {
  readonly #limits: SessionLimits;
  #place: StepPlace = { ruleSet: "", sessionId: "", input: "" };

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  enter(place: StepPlace): void {
    this.#place = place;
  }

  /** @throws SessionFullError - There are more of them than the limit allows. */
  check(limit: keyof SessionLimits, size: number): void {
    const max = this.#limits[limit];
    if (size > max) throw new SessionFullError(this.#place, limit, max);
  }

  /** @throws RuleFailedError - `run` threw; the subject is `rule too-many-books`, `on Borrowed`. */
  run<T>(subject: () => string, run: () => T): T {
    try {
      return run();
    } catch (error) {
      // A bound says by itself what is the matter.
      if (error instanceof SessionFullError || error instanceof RuleFailedError) throw error;
      const cause = asError(error);
      throw new RuleFailedError(this.#place, subject(), cause.message, { cause });
    }
  }
}
