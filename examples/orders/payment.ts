/** Of the payments service: what was asked for, and what came of it. An entity is the payment for one order. */
import { aggregate, reject } from "tidemark";

type PaymentCommand =
  | { type: "Request"; data: { cents: number; card: string } }
  /** By whoever owns the card. */
  | { type: "Approve" }
  /** Nothing is to be paid, whatever has happened: what was accepted is paid back, and what isn't never will be. */
  | { type: "Cancel" };
type PaymentEvent =
  | { type: "PaymentRequested"; data: { cents: number; card: string } }
  | { type: "PaymentAccepted"; data: { cents: number } }
  | { type: "PaymentDeclined"; data: { why: string } }
  | { type: "PaymentCancelled" }
  | { type: "PaymentRefunded"; data: { cents: number } };

export interface PaymentState {
  readonly status: "none" | "requested" | "accepted" | "declined" | "cancelled" | "refunded";
  readonly cents: number;
}

export const Payment = aggregate<PaymentState, PaymentCommand, PaymentEvent>({
  name: "payment",
  initialState: () => ({ status: "none", cents: 0 }),
  decide: {
    Request: ({ status }, data) => {
      if (status === "requested" || status === "accepted") return [];
      if (status !== "none") return reject(status);
      const { cents, card } = data;
      // Where a real service would ask a bank. A card that isn't one of these waits until its owner approves.
      const requested = { type: "PaymentRequested", data } as const;
      if (card === "good") return [requested, { type: "PaymentAccepted", data: { cents } }];
      if (card === "empty")
        return [requested, { type: "PaymentDeclined", data: { why: "no-money" } }];
      return requested;
    },
    Approve: ({ status, cents }) => {
      if (status === "accepted") return [];
      return status === "requested" ? { type: "PaymentAccepted", data: { cents } } : reject(status);
    },
    Cancel: ({ status, cents }) => {
      if (status === "accepted") return { type: "PaymentRefunded", data: { cents } };
      return status === "none" || status === "requested" ? { type: "PaymentCancelled" } : [];
    },
  },
  evolve: {
    PaymentRequested: (_state, { cents }) => ({ status: "requested", cents }),
    PaymentAccepted: (_state, { cents }) => ({ status: "accepted", cents }),
    PaymentDeclined: (state) => ({ ...state, status: "declined" }),
    PaymentCancelled: (state) => ({ ...state, status: "cancelled" }),
    PaymentRefunded: (state) => ({ ...state, status: "refunded" }),
  },
});
