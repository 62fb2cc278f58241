/** A saga that does one of everything: commands by action and by invocation, timers, an answer that is a refusal. */
import { assign, setup } from "xstate";
import {
  aggregate,
  commandTo,
  reject,
  resume,
  saga,
  send,
  start,
  type AnswerEvent,
} from "../../src/index.js";

type TallyCommand = { type: "Add"; data: { key: string } } | { type: "Refuse" };
type TallyEvent = { type: "Added"; data: { key: string } };

/** Counts what it was told to do, once more each time. */
export const Tally = aggregate<Record<string, number>, TallyCommand, TallyEvent>({
  name: "tally",
  initialState: () => ({}),
  decide: {
    Add: (_, data) => ({ type: "Added", data }),
    Refuse: () => reject("no"),
  },
  evolve: { Added: (state, { key }) => ({ ...state, [key]: (state[key] ?? 0) + 1 }) },
});

type ListCommand = { type: "Ask"; data: { id: string } } | { type: "Nudge"; data: { id: string } };
type ListEvent = { type: "Asked"; data: { id: string } } | { type: "Nudged"; data: { id: string } };

/** Asks for errands. */
export const List = aggregate<null, ListCommand, ListEvent>({
  name: "list",
  initialState: () => null,
  decide: {
    Ask: (_, data) => ({ type: "Asked", data }),
    Nudge: (_, data) => ({ type: "Nudged", data }),
  },
  evolve: { Asked: () => null, Nudged: () => null },
});

export const FIRST_MS = 700;
export const SECOND_MS = 1_300;

const errandMachine = setup({
  types: {
    context: {} as { id: string; nudges: number },
    input: {} as { id: string },
    events: {} as { type: "Nudged" } | AnswerEvent<"second", typeof Tally> | AnswerEvent<"third">,
  },
  actors: { add: commandTo(Tally) },
  actions: {
    second: send(
      Tally,
      ({ context }) => `second-${context.id}`,
      ({ context }) => ({ type: "Add", data: { key: context.id } }),
      { as: "second" },
    ),
    third: send(Tally, "third", { type: "Refuse" }, { as: "third" }),
  },
}).createMachine({
  id: "errand",
  context: ({ input }) => ({ id: input.id, nudges: 0 }),
  on: { Nudged: { actions: assign({ nudges: ({ context }) => context.nudges + 1 }) } },
  initial: "calling",
  states: {
    calling: {
      invoke: {
        src: "add",
        input: ({ context }) => ({
          entityId: "first",
          command: { type: "Add" as const, data: { key: context.id } },
        }),
        onDone: "waiting",
      },
    },
    waiting: { after: { [FIRST_MS]: "asking" } },
    asking: { entry: "second", on: { "second.accepted": "pausing" } },
    pausing: { after: { [SECOND_MS]: "refusing" } },
    refusing: { entry: "third", on: { "third.rejected": "done" } },
    done: { type: "final" },
  },
});

export const Errand = saga({
  name: "errand",
  machine: errandMachine,
  from: [List],
  correlate: {
    Asked: ({ data }) => start(data.id, data),
    Nudged: ({ data }) => resume(data.id),
  },
  start: "beginning",
});
