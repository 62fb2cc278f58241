/** An order: what may be asked of it, and what can have happened to it. */
import { aggregate, reject } from "tidemark";

export interface OrderState {
  readonly status: "new" | "placed" | "paid" | "shipped";
  readonly totalCents: number;
}

export type OrderCommand =
  | { type: "Place"; data: { customer: string; totalCents: number } }
  | { type: "Pay" }
  | { type: "Ship" };

export type OrderEvent =
  | { type: "Placed"; data: { customer: string; totalCents: number } }
  | { type: "Paid" }
  | { type: "Shipped" };

export const Order = aggregate<OrderState, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ status: "new", totalCents: 0 }),
  // By command: what happens then, or why it can't. These functions change nothing.
  decide: {
    Place: ({ status }, { customer, totalCents }) =>
      status === "new"
        ? { type: "Placed", data: { customer, totalCents } }
        : reject("already-placed", { status }),
    Pay: ({ status }) =>
      status === "placed" ? { type: "Paid" } : reject("not-payable", { status }),
    Ship: ({ status }) =>
      status === "paid" ? { type: "Shipped" } : reject("not-paid", { status }),
  },
  // By event: the state after it. An event has happened and can't be refused.
  evolve: {
    Placed: (_state, { totalCents }) => ({ status: "placed", totalCents }),
    Paid: (state) => ({ ...state, status: "paid" }),
    Shipped: (state) => ({ ...state, status: "shipped" }),
  },
});
