/** One aggregate with each way of taking snapshots, to see what is left to fold when it is fetched again. */
import { aggregate, type SnapshotPolicy } from "tidemark";

export interface VisitorState {
  readonly visits: number;
}

export type VisitorCommand = { readonly type: "Visit" } | { readonly type: "Order" };
export type VisitorEvent = { readonly type: "Visited" } | { readonly type: "Ordered" };

export const HOUR_MS = 60 * 60 * 1_000;

type Policy = SnapshotPolicy<VisitorState, VisitorEvent> | false;

// #region policies
export const policies = {
  never: false,
  "every 100 events": { everyEvents: 100 },
  "every hour": { everyEvents: 0, everyMs: HOUR_MS },
  "on an order": { everyEvents: 0, onEvents: ["Ordered"] },
  "when 64 more": { everyEvents: 0, when: ({ visits }) => visits % 64 === 0 },
  "every 10, before the reply": { everyEvents: 10, mode: "before-reply" },
} satisfies Readonly<Record<string, Policy>>;
// #endregion

export type PolicyName = keyof typeof policies;

export function visitorWith(name: PolicyName) {
  return aggregate<VisitorState, VisitorCommand, VisitorEvent>({
    name: "visitor",
    initialState: () => ({ visits: 0 }),
    decide: { Visit: () => ({ type: "Visited" }), Order: () => ({ type: "Ordered" }) },
    evolve: {
      Visited: ({ visits }) => ({ visits: visits + 1 }),
      Ordered: (state) => state,
    },
    snapshots: policies[name],
  });
}

/** Ten minutes between two of them; one is an order. */
export const EVENTS = 250;
export const ORDER_AT = 120;
export const STEP_MS = HOUR_MS / 6;
