/** A shop that sells outdoor gear: orders, payments, and customers with an e-mail address each. */
import { aggregate, reject } from "tidemark";

export interface OrderLine {
  readonly article: string;
  readonly pieces: number;
  readonly cents: number;
}

export interface Placed {
  readonly customer: string;
  readonly country: string;
  readonly lines: readonly OrderLine[];
  readonly cents: number;
}

export type OrderEvent =
  | { type: "OrderPlaced"; data: Placed }
  | { type: "OrderPaid"; data: { method: string } }
  | { type: "OrderPacked"; data: { parcels: number; grams: number } }
  | { type: "OrderShipped"; data: { carrier: string; tracking: string } }
  | { type: "OrderDelivered" };

export type OrderCommand =
  | { type: "Place"; data: Placed }
  | { type: "Pay"; data: { method: string } }
  | { type: "Pack"; data: { parcels: number; grams: number } }
  | { type: "Ship"; data: { carrier: string; tracking: string } }
  | { type: "Deliver" };

export interface OrderState {
  readonly status: "new" | "placed" | "paid" | "packed" | "shipped" | "delivered";
  readonly customer?: string;
  readonly country?: string;
  readonly lines?: readonly OrderLine[];
  readonly cents?: number;
  readonly paidBy?: string;
  readonly parcels?: number;
  readonly tracking?: string;
}

export const Order = aggregate<OrderState, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ status: "new" }),
  decide: {
    Place: ({ status }, data) =>
      status === "new" ? { type: "OrderPlaced", data } : reject("placed-already"),
    Pay: ({ status }, data) =>
      status === "placed" ? { type: "OrderPaid", data } : reject("not-open"),
    Pack: (_state, data) => ({ type: "OrderPacked", data }),
    Ship: (_state, data) => ({ type: "OrderShipped", data }),
    Deliver: () => ({ type: "OrderDelivered" }),
  },
  evolve: {
    OrderPlaced: (_state, data) => ({ status: "placed", ...data }),
    OrderPaid: (state, { method }) => ({ ...state, status: "paid", paidBy: method }),
    OrderPacked: (state, { parcels }) => ({ ...state, status: "packed", parcels }),
    OrderShipped: (state, { tracking }) => ({ ...state, status: "shipped", tracking }),
    OrderDelivered: (state) => ({ ...state, status: "delivered" }),
  },
});

export type PaymentEvent =
  | { type: "PaymentAuthorized"; data: { order: string; cents: number } }
  | { type: "PaymentCaptured"; data: { cents: number } }
  | { type: "PaymentDeclined"; data: { order: string; why: string } };
export type PaymentCommand =
  | { type: "Authorize"; data: { order: string; cents: number } }
  | { type: "Capture"; data: { cents: number } }
  | { type: "Decline"; data: { order: string; why: string } };

export const Payment = aggregate<{ readonly cents: number }, PaymentCommand, PaymentEvent>({
  name: "payment",
  initialState: () => ({ cents: 0 }),
  decide: {
    Authorize: (_state, data) => ({ type: "PaymentAuthorized", data }),
    Capture: (_state, data) => ({ type: "PaymentCaptured", data }),
    Decline: (_state, data) => ({ type: "PaymentDeclined", data }),
  },
  evolve: {
    PaymentAuthorized: () => ({ cents: 0 }),
    PaymentCaptured: (_state, { cents }) => ({ cents }),
    PaymentDeclined: (state) => state,
  },
});

export interface Customer {
  readonly name: string;
  readonly email: string;
}

export const CustomerAccount = aggregate<
  Partial<Customer>,
  { type: "Register"; data: Customer },
  { type: "CustomerRegistered"; data: Customer }
>({
  name: "customer",
  initialState: () => ({}),
  claims: { email: { personal: true, keys: ({ email }) => email } },
  personal: { CustomerRegistered: ["name", "email"] },
  decide: { Register: (_state, data) => ({ type: "CustomerRegistered", data }) },
  evolve: { CustomerRegistered: (_state, data) => data },
});
