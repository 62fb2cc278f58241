/** How long a reader of the log is behind. */
import type { Journal, SubscriptionStatus } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { unlessEnded } from "../kernel/unless-ended.js";

interface Log {
  readonly journal: Journal;
  readonly clock: Clock;
}

/** Since the oldest event that isn't handled was recorded; of a journal that can't be read any more, since the position moved last. */
export function lagMsOf(status: SubscriptionStatus, { journal, clock }: Log): number {
  const { position, lagEvents, lastAdvanceAtMs, lastCycleAtMs } = status;
  if (lagEvents === 0) return 0;
  const sinceMs = unlessEnded(
    () => journal.readPage({ after: position, limit: 1 }).events[0]?.recordedAtMs,
    lastAdvanceAtMs ?? lastCycleAtMs,
  );
  return sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs);
}
