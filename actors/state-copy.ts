/**
 * Copies of a state. Only plain data comes out of the codec as it went in: a Map would silently become an object, and a
 * snapshot of it a state that no handler understands.
 */
import { throughCodec } from "../journal/index.js";
import { defaultLimits } from "../src/kernel/limits.js";
import { checkPlainData } from "../src/kernel/plain-data.js";

/** A copy that could be recorded. @throws InvalidArgumentError - The state isn't plain data. */
export function plainCopy(state: unknown): unknown {
  checkPlainData("state", state, defaultLimits.nestingDepthMax);
  return throughCodec(state);
}

/** A copy to look at or to try things on, of any state. */
export function workingCopy(state: unknown): unknown {
  try {
    return plainCopy(state);
  } catch {
    return structuredClone(state);
  }
}
