/** Whether the parts of a runtime do their work, summed up. */
import type { JournalFigures } from "../../journal/index.js";
import { withCauses } from "../kernel/errors.js";
import type { Health, HealthProblem } from "../projections/status.js";

/** Health of the readers, and problems of everything else. */
export function healthWith(readers: Health, problems: readonly HealthProblem[]): Health {
  const all = [...problems, ...readers.problems];
  const state = all.some((each) => each.state === "unhealthy")
    ? "unhealthy"
    : all.length > 0
      ? "degraded"
      : "healthy";
  return { state, problems: all };
}

/** Why it takes nothing any more comes first: what stands still behind it does because of that. */
export function journalProblems({ failure }: JournalFigures): HealthProblem[] {
  if (failure === undefined) return [];
  const problem = `it takes no more until it is opened again: ${withCauses(failure)}`;
  return [{ reader: "journal", state: "unhealthy", problem }];
}
