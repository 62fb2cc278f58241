/** A new aggregate, one for each conference: those who wanted seats that weren't there. */
import { aggregate } from "tidemark";

export interface Wanted {
  readonly orderId: string;
  readonly seats: number;
}

export type WaitingListCommand = { readonly type: "Collect"; readonly data: Wanted };
export type WaitingListEvent = { readonly type: "SeatsWanted"; readonly data: Wanted };

export interface WaitingListState {
  readonly wanted: readonly Wanted[];
}

export const WaitingList = aggregate<WaitingListState, WaitingListCommand, WaitingListEvent>({
  name: "waiting-list",
  initialState: () => ({ wanted: [] }),
  decide: { Collect: (_list, data) => ({ type: "SeatsWanted", data }) },
  evolve: { SeatsWanted: ({ wanted }, data) => ({ wanted: [...wanted, data] }) },
});
