/** The end of the data as a fact of its own: without it nobody could say that nothing came after the last one. */
import { aggregate } from "tidemark";

export interface CalendarState {
  readonly closedAt: string;
}

export interface CloseDay {
  readonly type: "CloseDay";
  readonly data: { readonly at: string };
}

export interface DayClosed {
  readonly type: "DayClosed";
  readonly data: { readonly at: string };
}

export const Calendar = aggregate<CalendarState, CloseDay, DayClosed>({
  name: "calendar",
  initialState: () => ({ closedAt: "" }),
  decide: {
    CloseDay: ({ closedAt }, { at }) =>
      Date.parse(at) > Date.parse(closedAt || "1970-01-01") ? { type: "DayClosed", data: { at } } : [],
  },
  evolve: { DayClosed: (_state, { at }) => ({ closedAt: at }) },
});
