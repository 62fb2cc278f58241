/** An order: who has paid what. Payments of before were facts of the conference, and are taken over. */
import { aggregate } from "tidemark";

export interface Payment {
  readonly conferenceId: string;
  readonly cents: number;
}

export type OrderCommand =
  | { readonly type: "Pay"; readonly data: Payment }
  | {
      readonly type: "TakeOverPayment";
      readonly data: Payment & { readonly eventId: string; readonly paidAtMs: number };
    };

export interface OrderEvent {
  readonly type: "OrderPaid";
  readonly data: Payment & {
    readonly paidAtMs: number;
    /** Where the fact was recorded first; null for those that were recorded here. */
    readonly movedFrom: string | null;
  };
}

export interface OrderState {
  readonly paidCents: number;
  readonly payments: number;
}

export const Order = aggregate<OrderState, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ paidCents: 0, payments: 0 }),
  decide: {
    Pay: (_order, data, { nowMs }) => ({
      type: "OrderPaid",
      data: { ...data, paidAtMs: nowMs, movedFrom: null },
    }),
    // It has happened: nothing can be refused.
    TakeOverPayment: (_order, { eventId, ...payment }) => ({
      type: "OrderPaid",
      data: { ...payment, movedFrom: eventId },
    }),
  },
  evolve: {
    OrderPaid: ({ paidCents, payments }, { cents }) => ({
      paidCents: paidCents + cents,
      payments: payments + 1,
    }),
  },
});
