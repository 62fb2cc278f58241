/** What an activation weighs in the pool: its state as it would be stored, and what an activation takes by itself. */
import { encode } from "../journal/index.js";

const ACTIVATION_BYTES = 512;
const UNKNOWN_STATE_BYTES = 1_024;

export function weightOf(state: unknown): number {
  try {
    return ACTIVATION_BYTES + encode(state).length;
  } catch {
    // A state that can't be stored (it can't be in a snapshot either) still has a place in memory.
    return ACTIVATION_BYTES + UNKNOWN_STATE_BYTES;
  }
}
