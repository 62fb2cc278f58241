/** The aggregate: an order, and what became of the mails that were to confirm it. */
import { aggregate, reject } from "tidemark";

export interface OrderPlacedData {
  readonly email: string;
  readonly item: string;
}

export interface MailSent {
  readonly type: "MailSent";
  readonly data: { readonly attempt: number; readonly effectId: string };
}

export interface MailFailed {
  readonly type: "MailFailed";
  readonly data: { readonly attempt: number; readonly reason: string };
}

export type OrderCommand =
  | { readonly type: "Place"; readonly data: OrderPlacedData }
  | { readonly type: "RecordMailSent"; readonly data: MailSent["data"] }
  | { readonly type: "RecordMailFailed"; readonly data: MailFailed["data"] }
  | { readonly type: "GiveUpConfirmation" };

export type OrderEvent =
  | { readonly type: "OrderPlaced"; readonly data: OrderPlacedData }
  | MailSent
  | MailFailed
  | { readonly type: "ConfirmationGivenUp" };

interface OrderState {
  readonly placed: boolean;
  readonly confirmation: "none" | "sent" | "given up";
  /** The last attempt whose outcome is recorded: an outcome that comes again changes nothing. */
  readonly attempt: number;
}

export const Order = aggregate<OrderState, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ placed: false, confirmation: "none", attempt: 0 }),
  decide: {
    Place: (order, data) =>
      order.placed ? reject("placed-already") : { type: "OrderPlaced", data },
    RecordMailSent: (order, data) =>
      data.attempt <= order.attempt ? [] : { type: "MailSent", data },
    RecordMailFailed: (order, data) =>
      data.attempt <= order.attempt ? [] : { type: "MailFailed", data },
    GiveUpConfirmation: (order) =>
      order.confirmation === "none" ? { type: "ConfirmationGivenUp" } : [],
  },
  evolve: {
    OrderPlaced: (order) => ({ ...order, placed: true }),
    MailSent: (order, { attempt }) => ({ ...order, attempt, confirmation: "sent" }),
    MailFailed: (order, { attempt }) => ({ ...order, attempt }),
    ConfirmationGivenUp: (order) => ({ ...order, confirmation: "given up" }),
  },
});
