/** A machine of the usual kind: states, a guard, a context that changes, and a delay in each state. */
import { assign, setup } from "xstate";
import { saga } from "../../src/index.js";

interface WaitingInput {
  /** Until the patience of its first state is over. */
  readonly patienceMs: number;
}

export const waitingMachine = setup({
  types: {
    context: {} as { patienceMs: number; handled: number; late: number },
    input: {} as WaitingInput,
    events: {} as { type: "Next"; data: { amount: number } } | { type: "Late" },
  },
  delays: { patience: ({ context }) => context.patienceMs },
  guards: { isPaid: ({ event }) => event.type === "Next" && event.data.amount > 0 },
}).createMachine({
  id: "waiting",
  context: ({ input }) => ({ patienceMs: input.patienceMs, handled: 0, late: 0 }),
  initial: "asked",
  states: {
    asked: {
      after: { patience: { target: "overdue" } },
      on: {
        Next: {
          guard: "isPaid",
          target: "answered",
          actions: assign({ handled: ({ context }) => context.handled + 1 }),
        },
      },
    },
    answered: {
      after: { 86_400_000: { target: "overdue" } },
      on: {
        Next: {
          guard: "isPaid",
          target: "asked",
          actions: assign({ handled: ({ context }) => context.handled + 1 }),
        },
      },
    },
    overdue: { entry: assign({ late: 1 }), type: "final" },
  },
});

export const Waiting = saga({ name: "waiting", machine: waitingMachine });

export const NEXT = { type: "Next", data: { amount: 1 } } as const;
