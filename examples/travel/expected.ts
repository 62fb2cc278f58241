/** What the view must show, counted from the input alone: whoever made the journal or the view has no part in it. */
import type { Runtime } from "tidemark";
import type { RecordedFact } from "./case.js";
import { parseFact, type Fact, type LineSource } from "./facts.js";

export interface Counted {
  /** Lines that are facts. */
  readonly facts: number;
  readonly cases: number;
  readonly open: number;
  /** Of the open ones. */
  readonly cents: number;
  /** Alerts by rule. */
  readonly alerts: Readonly<Record<string, number>>;
}

export async function countInput(source: LineSource): Promise<Counted> {
  const histories = new Map<string, Fact[]>();
  let facts = 0;
  for await (const { text } of source.lines()) {
    const fact = parseFact(text);
    if (typeof fact === "string") continue;
    facts += 1;
    const key = JSON.stringify([fact.entity, fact.id]);
    const history = histories.get(key);
    if (history === undefined) histories.set(key, [fact]);
    else history.push(fact);
  }
  const all = [...histories.values()];
  const open = all.map(lastOf).filter(({ activity }) => activity !== PAID);
  const cents = open.reduce(
    (sum, { requestedBudget, amount = 0 }) => sum + Math.round((requestedBudget ?? amount) * 100),
    0,
  );
  return { facts, cases: all.length, open: open.length, cents, alerts: alertsOf(all) };
}

const PAID = "Payment Handled";
const DAY_MS = 86_400_000;

function lastOf(history: readonly Fact[]): Fact {
  return history[history.length - 1] as Fact;
}

/** By rule, each counted over the whole history of a case at once. */
function alertsOf(histories: readonly (readonly Fact[])[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const count = (rule: string, times: number) => (counts[rule] = (counts[rule] ?? 0) + times);
  const endMs = histories.reduce((latest, facts) => Math.max(latest, ...facts.map(atMs)), 0);
  for (const facts of histories) {
    if (facts[0]?.entity === "permit") {
      count("trip-before-approval", startsBeforeApproval(facts));
      count("over-budget", Number(facts.some(isOverBudget)));
      count("late-claim", Number(isClaimedLate(facts)));
    } else {
      const submissions = facts.filter(({ activity }) => activity.includes(" SUBMITTED ")).length;
      count("resubmitted", Math.max(0, submissions - 1));
      const { overdue, paidAtLast } = timesOverdue(facts, endMs);
      count("not-paid", overdue);
      count("paid-at-last", paidAtLast);
      count("paid-twice", Number(facts.filter(({ activity }) => activity === PAID).length > 1));
    }
  }
  return counts;
}

function atMs({ at }: Fact): number {
  return Date.parse(at);
}

function startsBeforeApproval(facts: readonly Fact[]): number {
  const approvedAt = facts.findIndex(({ activity }) =>
    activity.startsWith("Permit FINAL_APPROVED"),
  );
  const before = approvedAt < 0 ? facts : facts.slice(0, approvedAt);
  return before.filter(({ activity }) => activity === "Start trip").length;
}

function isOverBudget({ totalDeclared = 0, requestedBudget = 0 }: Fact): boolean {
  return totalDeclared > requestedBudget;
}

function isClaimedLate(facts: readonly Fact[]): boolean {
  const end = facts.findLast(({ activity }) => activity === "End trip");
  const claim = facts.find(
    ({ activity }) => activity.includes(" SUBMITTED ") && !activity.startsWith("Permit "),
  );
  return end !== undefined && claim !== undefined && atMs(claim) - atMs(end) > 60 * DAY_MS;
}

/** How often thirty days went by after an approval without a payment, and without a rejection that undid it; how often a payment came then. */
function timesOverdue(facts: readonly Fact[], endMs: number) {
  let overdue = 0;
  let paidAtLast = 0;
  let approvedMs: number | undefined;
  const unpaid = new Set<string>();
  const passTo = (ms: number) => {
    if (approvedMs === undefined || approvedMs + 30 * DAY_MS >= ms) return;
    overdue += 1;
    unpaid.add("overdue");
    approvedMs = undefined;
  };
  for (const fact of facts) {
    passTo(atMs(fact));
    if (fact.activity.includes(" FINAL_APPROVED ")) approvedMs = atMs(fact);
    else if (fact.activity.includes(" REJECTED ") || fact.activity === PAID) approvedMs = undefined;
    if (fact.activity === PAID && unpaid.delete("overdue")) paidAtLast += 1;
  }
  passTo(endMs);
  return { overdue, paidAtLast };
}

/** Lines of the input that are in the journal; one that is there twice counts as none. */
export function factsIn(runtime: Runtime): number {
  const times = new Map<number, number>();
  const filter = { eventTypes: ["FactRecorded"] };
  for (const { data } of runtime.events({ filter })) {
    const { line } = data as RecordedFact;
    times.set(line, (times.get(line) ?? 0) + 1);
  }
  return [...times.values()].filter((count) => count === 1).length;
}
