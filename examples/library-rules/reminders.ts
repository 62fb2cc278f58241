/** Whom the rules send commands to: the letters that a member gets. */
import { aggregate } from "tidemark";

export interface Remind {
  readonly type: "Remind";
  readonly data: { readonly book: string; readonly dueAtMs: number };
}

export interface Reminded {
  readonly type: "Reminded";
  readonly data: { readonly book: string; readonly dueAtMs: number };
}

export const Reminders = aggregate<{ readonly letters: number }, Remind, Reminded>({
  name: "reminders",
  initialState: () => ({ letters: 0 }),
  decide: { Remind: (_member, data) => ({ type: "Reminded", data }) },
  evolve: { Reminded: ({ letters }) => ({ letters: letters + 1 }) },
});
