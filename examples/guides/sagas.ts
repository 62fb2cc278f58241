/** What docs/guides/sagas.md shows; test/docs/guides/sagas.test.ts runs it. */
// #region first
import {
  aggregate,
  openRuntime,
  saga,
  send,
  start,
  type AnswerEvent,
  type Runtime,
} from "tidemark";
import { assign, setup } from "xstate";
import { Account } from "./aggregates.js";

export interface Order {
  readonly from: string;
  readonly to: string;
  readonly cents: number;
}

type Request = { type: "Request"; data: Order };
type Requested = { type: "Requested"; data: Order };

export const TransferOrder = aggregate<Partial<Order>, Request, Requested>({
  name: "transfer-order",
  initialState: () => ({}),
  decide: { Request: (_state, order) => ({ type: "Requested", data: order }) },
  evolve: { Requested: (_state, order) => order },
});

const machine = setup({
  types: {
    context: {} as Order & { why?: string },
    input: {} as Order,
    events: {} as AnswerEvent<"debit" | "credit", typeof Account>,
  },
  actions: {
    debit: send(
      Account,
      ({ context }) => context.from,
      ({ context }) => ({ type: "Withdraw", data: { cents: context.cents } }),
      { as: "debit" },
    ),
    credit: send(
      Account,
      ({ context }) => context.to,
      ({ context }) => ({ type: "Deposit", data: { cents: context.cents } }),
      { as: "credit" },
    ),
  },
}).createMachine({
  id: "transfer",
  context: ({ input }) => input,
  initial: "debiting",
  states: {
    debiting: {
      entry: "debit",
      on: {
        "debit.accepted": "crediting",
        "debit.rejected": {
          target: "refused",
          actions: assign({ why: ({ event }) => event.code }),
        },
      },
    },
    crediting: { entry: "credit", on: { "credit.accepted": "done" } },
    done: { type: "final" },
    refused: { type: "final" },
  },
});

export const Transfer = saga({
  name: "transfer",
  machine,
  from: [TransferOrder],
  correlate: { Requested: ({ entityId, data }) => start(entityId, data) },
});

export const openBank = (directory: string): Promise<Runtime> =>
  openRuntime({ directory, aggregates: [Account, TransferOrder], sagas: [Transfer] });
// #endregion
