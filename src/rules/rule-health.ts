/** What of the rule sets of a runtime needs somebody. */
import type { ViewReader } from "../../journal/index.js";
import { counted } from "../kernel/counted.js";
import { parkedCount } from "./session-list.js";
import type { RuleSystem } from "./rule-system.js";

/** Something that doesn't do its work, or not all of it. */
export interface RuleProblem {
  /** A rule set, its index, or its commands for an aggregate. */
  readonly reader: string;
  readonly state: "degraded" | "unhealthy";
  readonly problem: string;
}

/** Attempts in a row after which an aggregate counts as out of reach. */
const FAILURES_MAX = 5;

export function ruleProblems(system: RuleSystem, views: ViewReader): RuleProblem[] {
  return [...system.ruleSets.keys()].flatMap((name) => problemsOf(system, views, name));
}

function problemsOf(system: RuleSystem, views: ViewReader, name: string): RuleProblem[] {
  const reader = `rule set ${name}`;
  const problems: RuleProblem[] = [];
  const add = (state: RuleProblem["state"], problem: string, of = reader) =>
    problems.push({ reader: of, state, problem });
  const { router, delivery, rows } = system.host(name);
  const index = delivery.index?.status();
  if (index?.state === "stopped")
    add("unhealthy", `it stopped: ${reasonOf(index.lastError)}`, `index of ${reader}`);
  const routing = router?.status();
  if (routing?.state === "retrying")
    add("degraded", `its events can't be routed now: ${reasonOf(routing.lastError)}`);
  const change = system.change(name)?.status();
  if (change?.phase === "failed")
    add(
      router === undefined ? "unhealthy" : "degraded",
      `version ${change.version} can't take over: ${reasonOf(change.error)}; open again to try again`,
    );
  const parked = parkedCount(views, rows, name);
  if (parked > 0)
    add(
      "degraded",
      `${counted(parked, "session is", "sessions are")} parked: look at what each failed at, mend it, and release them one by one`,
    );
  for (const { aggregate, failures, lastError } of delivery.outbox.status())
    if (failures >= FAILURES_MAX)
      add(
        "degraded",
        `${failures} attempts in a row failed: ${reasonOf(lastError)}`,
        `commands of ${reader} to ${aggregate}`,
      );
  return problems;
}

function reasonOf(error: Error | undefined): string {
  return error?.message ?? "no reason known";
}
