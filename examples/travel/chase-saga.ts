/** Chases what waits too long: whoever has to pay a case is reminded of it, and the chase is over when it is paid. */
import { resume, saga, send, start, type AnswerEvent } from "tidemark";
import { assign, setup } from "xstate";
import { Reminder } from "./reminder.js";
import { TravelRules, type Approved } from "./travel-rules.js";

interface Paid {
  readonly type: "Paid";
  readonly data: { readonly at: string };
}

export interface Chased extends Approved {
  readonly caseId: string;
  readonly paidAt?: string;
}

const machine = setup({
  types: {
    context: {} as Chased,
    input: {} as Chased,
    events: {} as Paid | AnswerEvent<"remind", typeof Reminder>,
  },
  actions: {
    remind: send(
      Reminder,
      ({ context }) => context.caseId,
      ({ context: { kind, approvedAt } }) => ({ type: "Remind", data: { kind, approvedAt } }),
      { as: "remind" },
    ),
    notePayment: assign({
      paidAt: ({ event }) => (event.type === "Paid" ? event.data.at : undefined),
    }),
  },
}).createMachine({
  id: "chase",
  context: ({ input }) => input,
  initial: "waiting",
  // An answer may come after the payment: it changes nothing any more.
  on: { "remind.accepted": {} },
  states: {
    waiting: { entry: "remind", on: { Paid: { target: "paid", actions: "notePayment" } } },
    paid: { on: { Paid: {} } },
  },
});

// #region chase
export const Chase = saga({
  name: "chase",
  machine,
  // Alerts of one case come in order: it can't be paid at last before it is overdue.
  from: [TravelRules],
  correlate: {
    // A case that waits a second time is chased already.
    NotPaid: ({ entityId, data }) => start(entityId, { ...data, caseId: entityId }),
    PaidAtLast: ({ entityId, data }) => resume(entityId, { type: "Paid", data }),
  },
  start: "beginning",
});
// #endregion
