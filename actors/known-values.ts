/** Whose values went into the state of an activation: so that whatever is made of it can be looked through for them. */
import { PersonalValues } from "../src/kernel/personal-values.js";

/** Values known, before those are let go of that aren't in the state any more. */
const KEPT_MIN = 1_000;

/** Whether a key, by its owner, is gone. */
export type IsGone = (owner: string) => boolean;

export class KnownValues {
  #values: PersonalValues | undefined;
  #keptMax = KEPT_MIN;
  /** Keys that went while it was hydrated: what is being folded may have begun before. */
  #isGone: IsGone | undefined;

  /** Undefined where nobody's values are known. */
  get values(): PersonalValues | undefined {
    return this.#values;
  }

  /** As of now: what comes to be known later isn't in it. */
  copy(): PersonalValues | undefined {
    return this.#values && new PersonalValues().addAll(this.#values);
  }

  add(values: PersonalValues | undefined, state: unknown): void {
    if (values === undefined) return;
    this.#values = (this.#values ?? new PersonalValues()).addAll(values);
    if (this.#values.size <= this.#keptMax) return;
    this.#values = this.#values.within(state).addAll(values);
    this.#keptMax = Math.max(KEPT_MIN, 2 * this.#values.size);
  }

  /** Keys go. True where the state is made of what they opened. */
  forget(isGone: IsGone, isHydrating: boolean): boolean {
    if (!isHydrating) return this.#hasSomeOf(isGone);
    const before = this.#isGone;
    this.#isGone = (owner) => isGone(owner) || before?.(owner) === true;
    return false;
  }

  /** A state was hydrated. False where keys of it went meanwhile: it must be hydrated again. */
  hydrated(values: PersonalValues | undefined): boolean {
    const isGone = this.#isGone;
    this.#isGone = undefined;
    this.#values = values;
    return isGone === undefined || !this.#hasSomeOf(isGone);
  }

  #hasSomeOf(isGone: IsGone): boolean {
    return this.#values !== undefined && [...this.#values.owners].some(isGone);
  }
}
