/**
 * The saga: one instance for each order, an ordinary XState machine. It knows both other services by what can be sent to
 * them, and payments by the two events it waits for.
 *
 * ```
 *   reserving -> paying -> booking ---------> confirming -> confirmed
 *       \           \
 *        +-----------+--> undoing [-> refunding] -> rejecting -> rejected
 * ```
 */
import { assign, setup } from "xstate";
import {
  compensate,
  remote,
  resume,
  saga,
  send,
  start,
  type AnswerEvent,
  type CompensatedEvent,
} from "tidemark";
import { Order, Registration, type OrderData } from "./order.js";
import { Payment } from "./payment.js";
import { SeatsAvailability } from "./seats.js";

// #region remotes
const Seats = remote(SeatsAvailability);
export const Payments = remote(Payment, { events: ["PaymentAccepted", "PaymentDeclined"] });
// #endregion

/** How long the seats service may take to hold seats; after that somebody else's order is the better one. */
export const SEATS_TIMEOUT_MS = 4_000;
/** For commands that must be carried out some time: more than a week of attempts. */
const PERSISTENT = { attemptsMax: 25_000 } as const;

interface OrderInput extends OrderData {
  readonly orderId: string;
}

export interface OrderContext extends OrderInput {
  readonly isPaid: boolean;
  readonly why: string;
}

type OrderSagaEvent =
  | AnswerEvent<"reserve" | "confirm-seats", typeof Seats>
  | AnswerEvent<"request-payment" | "refund", typeof Payments>
  | AnswerEvent<"register", typeof Registration>
  | AnswerEvent<"confirm" | "reject", typeof Order>
  | { type: "PaymentAccepted"; data: { cents: number } }
  | { type: "PaymentDeclined"; data: { why: string } }
  | CompensatedEvent;

export const orderMachine = setup({
  types: {
    context: {} as OrderContext,
    input: {} as OrderInput,
    events: {} as OrderSagaEvent,
  },
  delays: { payWithin: ({ context }) => context.payWithinMs },
  guards: { isPaid: ({ context }) => context.isPaid },
  actions: {
    // #region reserve
    reserve: send(
      Seats,
      ({ context }) => context.conference,
      ({ context: { orderId, attendees } }) => ({
        type: "Reserve",
        data: { orderId, seats: attendees.length },
      }),
      {
        as: "reserve",
        timeoutMs: SEATS_TIMEOUT_MS,
        compensateWith: ({ context }) => ({ type: "Release", data: { orderId: context.orderId } }),
      },
    ),
    // #endregion
    requestPayment: send(
      Payments,
      ({ context }) => context.orderId,
      ({ context: { cents, card } }) => ({ type: "Request", data: { cents, card } }),
      { as: "request-payment", compensateWith: { type: "Cancel" }, ...PERSISTENT },
    ),
    confirmSeats: send(
      Seats,
      ({ context }) => context.conference,
      ({ context }) => ({ type: "Confirm", data: { orderId: context.orderId } }),
      { as: "confirm-seats", ...PERSISTENT },
    ),
    register: send(
      Registration,
      ({ context }) => context.orderId,
      ({ context }) => ({ type: "Register", data: { attendees: context.attendees } }),
      { as: "register" },
    ),
    undo: compensate(),
    refund: send(
      Payments,
      ({ context }) => context.orderId,
      { type: "Cancel" },
      {
        as: "refund",
        ...PERSISTENT,
      },
    ),
    confirm: send(Order, ({ context }) => context.orderId, { type: "Confirm" }, { as: "confirm" }),
    reject: send(
      Order,
      ({ context }) => context.orderId,
      ({ context }) => ({ type: "Reject", data: { why: context.why } }),
      { as: "reject" },
    ),
    paid: assign({ isPaid: true }),
    because: assign({ why: (_, { why }: { why: string }) => why }),
  },
}).createMachine({
  id: "order",
  context: ({ input }) => ({ ...input, isPaid: false, why: "" }),
  initial: "reserving",
  // In any state: a payment may be accepted before anybody has asked for it, and after nobody wants it any more.
  on: { PaymentAccepted: { actions: "paid" } },
  states: {
    reserving: {
      entry: "reserve",
      on: {
        "reserve.accepted": "paying",
        "reserve.rejected": {
          target: "undoing",
          actions: { type: "because", params: ({ event }) => ({ why: event.code }) },
        },
        // It may have reserved all the same: undoing releases in that case, too.
        "reserve.timed-out": {
          target: "undoing",
          actions: { type: "because", params: { why: "seats-timeout" } },
        },
        "reserve.given-up": {
          target: "undoing",
          actions: { type: "because", params: ({ event }) => ({ why: event.code }) },
        },
      },
    },
    // #region paying
    paying: {
      entry: "requestPayment",
      always: { guard: "isPaid", target: "booking" },
      on: {
        PaymentDeclined: {
          target: "undoing",
          actions: { type: "because", params: ({ event }) => ({ why: event.data.why }) },
        },
        "request-payment.rejected": {
          target: "undoing",
          actions: { type: "because", params: ({ event }) => ({ why: event.code }) },
        },
      },
      after: {
        payWithin: {
          target: "undoing",
          actions: { type: "because", params: { why: "payment-timeout" } },
        },
      },
    },
    // #endregion
    booking: {
      type: "parallel",
      states: {
        seats: {
          initial: "confirming",
          states: {
            confirming: { entry: "confirmSeats", on: { "confirm-seats.accepted": "done" } },
            done: { type: "final" },
          },
        },
        attendees: {
          initial: "registering",
          states: {
            registering: { entry: "register", on: { "register.accepted": "done" } },
            done: { type: "final" },
          },
        },
      },
      onDone: "confirming",
    },
    confirming: { entry: "confirm", on: { "confirm.accepted": "confirmed" } },
    confirmed: { type: "final" },
    // The last done first: the payment is cancelled or paid back, then the seats are released.
    // #region paying
    undoing: {
      entry: "undo",
      on: {
        compensated: [{ guard: "isPaid", target: "refunding" }, { target: "rejecting" }],
        // The answer to what was asked for in a state that is left. Not heard, it would park the instance.
        "request-payment.rejected": {},
      },
    },
    // #endregion
    // Paid before the saga had asked for it, so that undoing knew nothing of it. Otherwise there is nothing left to cancel.
    refunding: { entry: "refund", on: { "refund.accepted": "rejecting" } },
    rejecting: { entry: "reject", on: { "reject.accepted": "rejected" } },
    rejected: { type: "final" },
  },
});

export const OrderSaga = saga({
  name: "order-saga",
  machine: orderMachine,
  from: [Order, Payments],
  correlate: {
    OrderPlaced: ({ entityId, data }) => start(entityId, { ...data, orderId: entityId }),
    PaymentAccepted: ({ entityId }) => resume(entityId),
    PaymentDeclined: ({ entityId }) => resume(entityId),
  },
  // A payment may overtake the order: the two are recorded by different services.
  onUnknown: "keep",
  start: "beginning",
});
