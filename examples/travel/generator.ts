/** Facts of the same shape as the real ones, made from a seed: the same seed gives the same lines, everywhere. */
import { randomAt } from "tidemark/testing";
import type { EntityKind, Fact, Line, LineSource } from "./facts.js";

const PATHS: Readonly<Record<EntityKind, readonly string[]>> = {
  permit: [
    "Permit SUBMITTED by EMPLOYEE",
    "Permit FINAL_APPROVED by SUPERVISOR",
    "Start trip",
    "End trip",
    "Declaration SUBMITTED by EMPLOYEE",
    "Declaration FINAL_APPROVED by SUPERVISOR",
    "Request Payment",
    "Payment Handled",
  ],
  declaration: [
    "Declaration SUBMITTED by EMPLOYEE",
    "Declaration APPROVED by ADMINISTRATION",
    "Declaration FINAL_APPROVED by SUPERVISOR",
    "Request Payment",
    "Payment Handled",
  ],
  "payment-request": [
    "Request For Payment SUBMITTED by EMPLOYEE",
    "Request For Payment FINAL_APPROVED by SUPERVISOR",
    "Request Payment",
    "Payment Handled",
  ],
};

const KINDS = ["declaration", "payment-request", "permit"] as const;
const START_MS = Date.UTC(2017, 0, 9);
const STEP_MS = 6 * 60_000;
const OPEN_CASES = 400;

/** `lines` facts; of 200 lines about one is no fact at all, as in real life. */
export function generatedSource(lines: number, seed = 2018): LineSource {
  let made = 0;
  return {
    name: `generated, seed ${seed}`,
    async *lines() {
      let place = 0;
      const random = () => randomAt(seed, place++);
      const cases: { kind: EntityKind; id: string; step: number; amount: number }[] = [];
      for (let number = 1; number <= lines; number++) {
        made = number;
        while (cases.length < OPEN_CASES) {
          const kind = KINDS[Math.floor(random() * KINDS.length)] ?? "permit";
          cases.push({
            kind,
            id: `${kind} ${number}-${cases.length}`,
            step: 0,
            amount: Math.round(random() * 90_000) / 100,
          });
        }
        const index = Math.floor(random() * cases.length);
        const current = cases[index] as (typeof cases)[number];
        const path = PATHS[current.kind];
        const text =
          random() < 0.005 ? "{ this is no fact" : JSON.stringify(factOf(current, path, number));
        current.step += 1;
        // Some cases are never heard of again.
        if (current.step === path.length || random() < 0.02) cases.splice(index, 1);
        yield { number, text } satisfies Line;
      }
    },
    progress: () => made / lines,
  };
}

function factOf(
  current: { kind: EntityKind; id: string; step: number; amount: number },
  path: readonly string[],
  line: number,
): Fact {
  const activity = path[current.step] ?? "Payment Handled";
  const role =
    / by (\w+)$/.exec(activity)?.[1] ?? (activity.endsWith("trip") ? "EMPLOYEE" : "UNDEFINED");
  const amounts =
    current.kind === "permit"
      ? { requestedBudget: current.amount, totalDeclared: current.amount / 2 }
      : { amount: current.amount };
  const resource = role === "UNDEFINED" ? "SYSTEM" : "STAFF MEMBER";
  return {
    at: new Date(START_MS + line * STEP_MS).toISOString(),
    entity: current.kind,
    id: current.id,
    activity,
    resource,
    role,
    ...amounts,
  };
}
