/** More of what docs/guides/sagas.md shows: invocations, undoing, other versions. test/docs/guides/sagas.test.ts runs it. */
import {
  commandTo,
  compensate,
  saga,
  send,
  start,
  type AnswerEvent,
  type CommandFailure,
  type CompensatedEvent,
  type Runtime,
  type Saga,
} from "tidemark";
import { assign, setup } from "xstate";
import { Account } from "./aggregates.js";
import { Transfer, TransferOrder, type Order } from "./sagas.js";

const correlate = {
  Requested: ({ entityId, data }: { readonly entityId: string; readonly data: Order }) =>
    start(entityId, data),
};

export const Payment = saga({
  name: "payment",
  from: [TransferOrder],
  correlate,
  machine: setup({
    types: {
      context: {} as Order & { readonly at?: number; readonly why?: string },
      input: {} as Order,
    },
    // #region actors
    actors: { withdraw: commandTo(Account) },
    // #endregion
  }).createMachine({
    id: "payment",
    context: ({ input }) => input,
    initial: "paying",
    states: {
      // #region invoke
      paying: {
        invoke: {
          src: "withdraw",
          input: ({ context }) => ({
            entityId: context.from,
            command: { type: "Withdraw", data: { cents: context.cents } },
          }),
          onDone: { target: "paid", actions: assign({ at: ({ event }) => event.output.position }) },
          // XState has it as unknown.
          onError: {
            target: "refused",
            actions: assign({ why: ({ event }) => (event.error as CommandFailure).code }),
          },
        },
      },
      // #endregion
      paid: { type: "final" },
      refused: { type: "final" },
    },
  }),
});

/** The second half goes to the bank itself, whose account may refuse it. */
export const undoable = setup({
  types: {
    context: {} as Order,
    input: {} as Order,
    events: {} as AnswerEvent<"debit" | "fee", typeof Account> | CompensatedEvent,
  },
  actions: {
    // #region undo
    debit: send(
      Account,
      ({ context }) => context.from,
      ({ context }) => ({ type: "Withdraw", data: { cents: context.cents } }),
      {
        as: "debit",
        compensateWith: ({ context }) => ({ type: "Deposit", data: { cents: context.cents } }),
      },
    ),
    undo: compensate(),
    // #endregion
    fee: send(Account, "bank", { type: "Withdraw", data: { cents: 1 } }, { as: "fee" }),
  },
}).createMachine({
  id: "undoable",
  context: ({ input }) => input,
  initial: "debiting",
  states: {
    debiting: { entry: "debit", on: { "debit.accepted": "charging", "debit.rejected": "undone" } },
    charging: { entry: "fee", on: { "fee.accepted": "done", "fee.rejected": "undoing" } },
    // #region undo
    undoing: { entry: "undo", on: { compensated: "undone" } },
    // #endregion
    done: { type: "final" },
    undone: { type: "final" },
  },
});

export const Undoable = saga({
  name: "undoable",
  machine: undoable,
  from: [TransferOrder],
  correlate,
});

/** @param hearsRefusal - Otherwise it hears only that the money was taken. */
const debitMachine = (hearsRefusal: boolean) =>
  setup({
    types: {
      context: {} as Order,
      input: {} as Order,
      events: {} as AnswerEvent<"debit", typeof Account>,
    },
    actions: {
      debit: send(
        Account,
        ({ context }) => context.from,
        ({ context }) => ({ type: "Withdraw", data: { cents: context.cents } }),
        { as: "debit" },
      ),
    },
  }).createMachine({
    id: "debit",
    context: ({ input }) => input,
    initial: "debiting",
    states: {
      debiting: {
        entry: "debit",
        on: { "debit.accepted": "done", ...(hearsRefusal && { "debit.rejected": "refused" }) },
      },
      done: { type: "final" },
      refused: { type: "final" },
    },
  });

/** Version 2 hears a refusal, too. */
export const debitOf = (version: 1 | 2) =>
  saga({
    name: "debit",
    version,
    machine: debitMachine(version === 2),
    from: [TransferOrder],
    correlate,
    start: "beginning",
  });

export async function releasing(runtime: Runtime, Debit: Saga): Promise<readonly string[]> {
  const lines: string[] = [];
  // #region release
  const { instances } = runtime.sagas.instances(Debit, { status: "parked" });
  for (const { instanceId, state, problem } of instances)
    lines.push(`${instanceId} in ${state}: ${problem}`);
  await runtime.sagas.release(Debit, "t-7", { by: "ada", reason: "version 2 is deployed" });
  // #endregion
  return lines;
}

export function looking(runtime: Runtime) {
  // #region look
  const { sagas } = runtime;
  // Status, state, context, timers, pending commands, what would be undone, why it is parked.
  const instance = sagas.instance<Order>(Transfer, "t-1");
  const asItWas = sagas.instance<Order>(Transfer, "t-1", { at: { version: 1 } }); // or at a position, or a time
  const history = [...sagas.history(Transfer, "t-1")]; // what came, where it went, what it asked for
  // #endregion
  return { instance, asItWas, history };
}
