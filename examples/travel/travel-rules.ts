/** What an auditor looks for in travel claims, as rules over the history of each case. Time is that of the data. */
import {
  counter,
  fact,
  rule,
  ruleSet,
  signal,
  type RecordedEvent,
  type WorkingMemory,
} from "tidemark";
import { Declaration, PaymentRequest, Permit, type FactRecorded } from "./case.js";
import { Calendar } from "./calendar.js";

const DAY_MS = 86_400_000;
/**
 * Facts of different cases are sent together and recorded in almost the order of their lines: by the time of the data one may be
 * some days behind another. Of one case they are in order.
 */
export const LATENESS_MS = 30 * DAY_MS;

/** A claim that is to be paid. */
export interface Approved {
  readonly kind: "declaration" | "payment-request";
  readonly approvedAt: string;
}

export type TravelAlert =
  | { type: "TripBeforeApproval"; data: { startedAt: string } }
  | { type: "OverBudget"; data: { requested: number; declared: number } }
  | { type: "LateClaim"; data: { days: number; claim: string } }
  | { type: "Resubmitted"; data: { submissions: number } }
  | { type: "NotPaid"; data: Approved }
  | { type: "PaidAtLast"; data: { at: string } }
  | { type: "PaidTwice"; data: { payments: number } };

const TripStarted = signal<{ at: string }>("trip-started");
const PermitApproval = fact<{ at: string }>("permit-approval");
const Amounts = fact<{ requested: number; declared: number }>("amounts");
const TripEnd = fact<{ atMs: number }>("trip-end");
const FirstClaim = fact<{ atMs: number; activity: string }>("first-claim");
const Submissions = counter("submissions");
const Approval = fact<Approved>("approval");
const Overdue = fact<Approved>("overdue");
const Paid = signal<{ at: string }>("paid");
const Payments = counter("payments");

const tripBeforeApproval = rule<TravelAlert>("trip-before-approval")
  .when("trip", TripStarted)
  .without(PermitApproval)
  .then(({ trip }, act) => {
    act.alert({ type: "TripBeforeApproval", data: { startedAt: trip.at } });
  });

const overBudget = rule<TravelAlert>("over-budget")
  .when("amounts", Amounts, ({ requested, declared }) => declared > requested)
  .then(({ amounts }, act) => {
    act.alert({ type: "OverBudget", data: amounts });
  });

// #region late-claim
const lateClaim = rule<TravelAlert>("late-claim")
  .when("end", TripEnd)
  .when("claim", FirstClaim, (claim, { end }) => claim.atMs - end.atMs > 60 * DAY_MS)
  .then(({ end, claim }, act) => {
    const days = Math.floor((claim.atMs - end.atMs) / DAY_MS);
    act.alert({ type: "LateClaim", data: { days, claim: claim.activity } });
  });

// #endregion

const resubmitted = rule<TravelAlert>("resubmitted")
  .when("submissions", Submissions, ({ count }) => count > 1)
  .refireOn(({ submissions }) => submissions.count)
  .then(({ submissions }, act) => {
    act.alert({ type: "Resubmitted", data: { submissions: submissions.count } });
  });

// #region not-paid
const notPaid = rule<TravelAlert>("not-paid")
  .when("approval", Approval)
  .lasting(30 * DAY_MS)
  .then(({ approval }, act) => {
    act.alert({ type: "NotPaid", data: approval });
    act.insert(Overdue, "", approval);
  });

const paidAtLast = rule<TravelAlert>("paid-at-last")
  .when("paid", Paid)
  .when("overdue", Overdue)
  .then(({ paid }, act) => {
    act.alert({ type: "PaidAtLast", data: paid });
    act.retract(Overdue, "");
  });

// #endregion

const paidTwice = rule<TravelAlert>("paid-twice")
  .when("payments", Payments, ({ count }) => count > 1)
  .then(({ payments }, act) => {
    act.alert({ type: "PaidTwice", data: { payments: payments.count } });
  });

// #region rule-set
export const TravelRules = ruleSet({
  name: "travel-rules",
  version: 1,
  from: [Permit, Declaration, PaymentRequest, Calendar],
  // A day that is over is about no case: it only says what time it is.
  key: (event) => (event.type === "DayClosed" ? undefined : event.entityId),
  time: (event) => Date.parse(event.data.at),
  latenessMs: LATENESS_MS,
  facts: [
    TripStarted,
    PermitApproval,
    Amounts,
    TripEnd,
    FirstClaim,
    Submissions,
    Approval,
    Overdue,
    Paid,
    Payments,
  ],
  on: {
    DayClosed: () => {
      // Time goes on, and with it what waits.
    },
    FactRecorded: (event, memory) => {
      if (event.streamType === Permit.name) ofPermit(event, memory);
      else ofClaim(event, memory);
    },
  },
  rules: [tripBeforeApproval, overBudget, lateClaim, resubmitted, notPaid, paidAtLast, paidTwice],
  start: "beginning",
});
// #endregion

/** A permit's case holds the trip and all that was claimed for it. */
function ofPermit({ data }: RecordedEvent<FactRecorded>, memory: WorkingMemory): void {
  const { activity, at, requestedBudget = 0, totalDeclared = 0 } = data;
  memory.insert(Amounts, "", { requested: requestedBudget, declared: totalDeclared });
  const atMs = Date.parse(at);
  if (activity === "Start trip") memory.signal(TripStarted, { at });
  if (activity === "End trip") memory.insert(TripEnd, "", { atMs });
  if (activity.startsWith("Permit FINAL_APPROVED") && memory.get(PermitApproval, "") === undefined)
    memory.insert(PermitApproval, "", { at });
  const isClaim = activity.includes(" SUBMITTED ") && !activity.startsWith("Permit ");
  if (isClaim && memory.get(FirstClaim, "") === undefined)
    memory.insert(FirstClaim, "", { atMs, activity });
}

/** A declaration or a request for payment: submitted, approved, paid; or rejected, and submitted again. */
function ofClaim(
  { data: { activity, at }, streamType }: RecordedEvent<FactRecorded>,
  memory: WorkingMemory,
): void {
  const kind = streamType === Declaration.name ? "declaration" : "payment-request";
  if (activity.includes(" SUBMITTED ")) memory.add(Submissions);
  if (activity.includes(" FINAL_APPROVED ")) memory.insert(Approval, "", { kind, approvedAt: at });
  if (activity.includes(" REJECTED ")) memory.retract(Approval, "");
  if (activity === "Payment Handled") {
    memory.retract(Approval, "");
    memory.signal(Paid, { at });
    memory.add(Payments);
  }
}
