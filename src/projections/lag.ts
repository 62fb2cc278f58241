/** How far behind a follower is, in time. */
import type { SubscriptionStatus } from "../../journal/index.js";
import { unlessEnded } from "../kernel/unless-ended.js";
import type { FollowerPorts } from "./follower-options.js";

/** Milliseconds since the oldest event that isn't handled was recorded. */
export function lagMsOf(
  { position, lastAdvanceAtMs, lastCycleAtMs }: SubscriptionStatus,
  { journal, clock }: FollowerPorts,
): number {
  const sinceMs = unlessEnded(
    () => journal.readPage({ after: position, limit: 1 }).events[0]?.recordedAtMs,
    lastAdvanceAtMs ?? lastCycleAtMs,
  );
  return sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs);
}
