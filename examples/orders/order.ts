/** Of the orders service: what people ordered and what became of it, and who is registered. */
import { aggregate, reject } from "tidemark";

export interface OrderData {
  readonly conference: string;
  readonly attendees: readonly string[];
  readonly cents: number;
  readonly card: string;
  /** How long seats are held for a payment. */
  readonly payWithinMs: number;
}

type OrderCommand =
  | { type: "Place"; data: OrderData }
  | { type: "Confirm" }
  | { type: "Reject"; data: { why: string } };
type OrderEvent =
  | { type: "OrderPlaced"; data: OrderData }
  | { type: "OrderConfirmed" }
  | { type: "OrderRejected"; data: { why: string } };

type OrderStatus = "none" | "placed" | "confirmed" | "rejected";

export const Order = aggregate<{ status: OrderStatus }, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ status: "none" }),
  decide: {
    Place: ({ status }, data) => (status === "none" ? { type: "OrderPlaced", data } : []),
    Confirm: ({ status }) =>
      status === "placed" ? { type: "OrderConfirmed" } : reject(`order-${status}`),
    Reject: ({ status }, data) =>
      status === "placed" ? { type: "OrderRejected", data } : reject(`order-${status}`),
  },
  evolve: {
    OrderPlaced: () => ({ status: "placed" }),
    OrderConfirmed: () => ({ status: "confirmed" }),
    OrderRejected: () => ({ status: "rejected" }),
  },
});

type RegistrationCommand = { type: "Register"; data: { attendees: readonly string[] } };
type RegistrationEvent = { type: "AttendeeRegistered"; data: { name: string } };

/** The attendees of an order. */
export const Registration = aggregate<readonly string[], RegistrationCommand, RegistrationEvent>({
  name: "registration",
  initialState: () => [],
  decide: {
    Register: (registered, { attendees }) =>
      attendees
        .filter((name) => !registered.includes(name))
        .map((name) => ({ type: "AttendeeRegistered", data: { name } })),
  },
  evolve: {
    AttendeeRegistered: (registered, { name }) => [...registered, name],
  },
});
