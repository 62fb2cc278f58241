/** What of the sagas of a runtime needs somebody. */
import { counted } from "../src/kernel/counted.js";
import type { SagaCounts } from "./saga-counts.js";
import type { SagaSystem } from "./saga-system.js";

/** Something that doesn't do its work, or not all of it. */
export interface SagaProblem {
  /** A saga, the index of all, or the commands for an aggregate. */
  readonly reader: string;
  readonly state: "degraded" | "unhealthy";
  readonly problem: string;
}

/** Attempts in a row after which an aggregate counts as out of reach. */
const FAILURES_MAX = 5;

export function sagaProblems(system: SagaSystem, counts: SagaCounts): SagaProblem[] {
  const problems: SagaProblem[] = [];
  const index = system.delivery.index?.status();
  if (index?.state === "stopped")
    problems.push(unhealthy("index of sagas", index.lastError, "it stopped"));
  for (const name of system.sagas.keys()) {
    const routing = system.router(name)?.status();
    if (routing?.state === "retrying")
      problems.push({
        reader: `saga ${name}`,
        state: "degraded",
        problem: `its events can't be routed now: ${routing.lastError?.message ?? "no reason known"}`,
      });
    const parked = counts
      .counts(name)
      .filter(({ place }) => place[0] === "parked")
      .reduce((sum, { instances }) => sum + instances, 0);
    if (parked > 0)
      problems.push({
        reader: `saga ${name}`,
        state: "degraded",
        problem: `${counted(parked, "instance is", "instances are")} parked: look at what each failed at, mend it, and release them one by one`,
      });
  }
  for (const { aggregate, failures, lastError } of system.delivery.outbox.status()) {
    if (failures < FAILURES_MAX) continue;
    const problem = `${failures} attempts in a row failed: ${lastError?.message ?? "no reason known"}`;
    problems.push({ reader: `commands of sagas to ${aggregate}`, state: "degraded", problem });
  }
  return problems;
}

function unhealthy(reader: string, error: Error | undefined, what: string): SagaProblem {
  return { reader, state: "unhealthy", problem: `${what}: ${error?.message ?? "no reason known"}` };
}
