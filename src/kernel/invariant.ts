/**
 * A broken promise of Tidemark's own code: a bug, not a condition of the world. It stands outside the error hierarchy
 * because no caller can do anything about it.
 */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Throws {@link InvariantViolation} unless `condition` holds. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}
