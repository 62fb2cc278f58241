/** Days that are over, as facts of their own: without the last one nobody could say that nothing came after it. */
import { aggregate } from "tidemark";

export interface CalendarState {
  readonly closedTo: string;
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
  initialState: () => ({ closedTo: "" }),
  decide: {
    CloseDay: ({ closedTo }, { at }) => (at > closedTo ? { type: "DayClosed", data: { at } } : []),
  },
  evolve: { DayClosed: (_state, { at }) => ({ closedTo: at }) },
});
