/** Money between accounts: a saga over two of them, with something to undo. */
import { assign, setup } from "xstate";
import {
  aggregate,
  compensate,
  reject,
  saga,
  send,
  start,
  type AnswerEvent,
  type CompensatedEvent,
} from "tidemark";

export type PurseCommand =
  | { type: "Deposit"; data: { cents: number } }
  | { type: "Withdraw"; data: { cents: number } }
  | { type: "Close" };
export type PurseEvent =
  | { type: "Deposited"; data: { cents: number } }
  | { type: "Withdrawn"; data: { cents: number } }
  | { type: "Closed" };

export const Purse = aggregate<{ cents: number; closed: boolean }, PurseCommand, PurseEvent>({
  name: "purse",
  initialState: () => ({ cents: 0, closed: false }),
  decide: {
    Deposit: (state, { cents }) =>
      state.closed ? reject("closed") : { type: "Deposited", data: { cents } },
    Withdraw: (state, { cents }) =>
      state.cents < cents
        ? reject("insufficient-funds", { cents: state.cents })
        : { type: "Withdrawn", data: { cents } },
    Close: () => ({ type: "Closed" }),
  },
  evolve: {
    Deposited: (state, { cents }) => ({ ...state, cents: state.cents + cents }),
    Withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents }),
    Closed: (state) => ({ ...state, closed: true }),
  },
});

export interface Order {
  from: string;
  to: string;
  cents: number;
}
export type OrderCommand = { type: "Request"; data: Order } | { type: "Revoke" };
export type OrderEvent = { type: "Requested"; data: Order } | { type: "Revoked" };

export const TransferOrder = aggregate<{ requested: boolean }, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ requested: false }),
  decide: {
    Request: (state, data) => (state.requested ? [] : { type: "Requested", data }),
    Revoke: () => ({ type: "Revoked" }),
  },
  evolve: {
    Requested: () => ({ requested: true }),
    Revoked: (state) => state,
  },
});

type TransferEvent =
  | AnswerEvent<"debit", typeof Purse>
  | AnswerEvent<"credit", typeof Purse>
  | CompensatedEvent
  | { type: "Revoked" };

export const transferMachine = setup({
  types: {
    context: {} as Order & { why?: string },
    input: {} as Order,
    events: {} as TransferEvent,
  },
  actions: {
    debit: send(
      Purse,
      ({ context }) => context.from,
      ({ context }) => ({ type: "Withdraw", data: { cents: context.cents } }),
      {
        as: "debit",
        compensateWith: ({ context }) => ({ type: "Deposit", data: { cents: context.cents } }),
      },
    ),
    credit: send(
      Purse,
      ({ context }) => context.to,
      ({ context }) => ({ type: "Deposit", data: { cents: context.cents } }),
      { as: "credit" },
    ),
    undo: compensate(),
  },
}).createMachine({
  id: "transfer",
  context: ({ input }) => input,
  initial: "debiting",
  states: {
    debiting: {
      entry: "debit",
      on: { "debit.accepted": "crediting", "debit.rejected": "refused" },
    },
    crediting: {
      entry: "credit",
      on: {
        "credit.accepted": "done",
        "credit.rejected": {
          target: "undoing",
          actions: assign({ why: ({ event }) => event.code }),
        },
      },
    },
    undoing: { entry: "undo", on: { compensated: "undone" } },
    done: { type: "final" },
    refused: { type: "final" },
    undone: { type: "final" },
  },
});

export const Transfer = saga({
  name: "transfer",
  machine: transferMachine,
  from: [TransferOrder],
  correlate: {
    Requested: (event) => start(event.entityId),
  },
  start: "beginning",
});
