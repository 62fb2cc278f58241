/** Reminders of a case that is approved and waits for its payment, as whoever has to pay gets them. */
import { aggregate } from "tidemark";
import type { Approved } from "./travel-rules.js";

export interface ReminderState {
  readonly reminders: number;
}

export interface Remind {
  readonly type: "Remind";
  readonly data: Approved;
}

export interface Reminded {
  readonly type: "Reminded";
  readonly data: Approved & { readonly reminder: number };
}

export const Reminder = aggregate<ReminderState, Remind, Reminded>({
  name: "reminder",
  initialState: () => ({ reminders: 0 }),
  decide: {
    Remind: ({ reminders }, { kind, approvedAt }) => ({
      type: "Reminded",
      data: { kind, approvedAt, reminder: reminders + 1 },
    }),
  },
  evolve: { Reminded: (_state, { reminder }) => ({ reminders: reminder }) },
});
