/** What an activation weighs in the pool: its state as it would be stored, and what an activation takes by itself. */
import { encode } from "../journal/index.js";
import type { Version } from "../src/kernel/event.js";

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

const WEIGH_EVERY_EVENTS = 64;

/** Young entities often, since each event may be most of their state; old ones every 64 events. */
export function isWeighingDue(weighedAtVersion: Version, version: Version): boolean {
  return version - weighedAtVersion >= Math.min(WEIGH_EVERY_EVENTS, Math.max(1, weighedAtVersion));
}
