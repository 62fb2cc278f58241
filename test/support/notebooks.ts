/** A saga that writes down what it gets, in order; and what makes it fail. */
import { assign, emit, setup } from "xstate";
import {
  aggregate,
  resume,
  saga,
  start,
  startOrResume,
  type SagaDefinition,
} from "../../src/index.js";

export interface Line {
  /** The notebook it is for. */
  book: string;
  n: number;
}
type PenCommand = { type: "Write"; data: Line } | { type: "WriteAll"; data: { lines: Line[] } };
type PenEvent =
  | { type: "Opened"; data: Line }
  | { type: "Written"; data: Line }
  | { type: "Copied"; data: { books: string[]; n: number } };

/** Lines with a negative number open a notebook. */
export const Pen = aggregate<null, PenCommand, PenEvent>({
  name: "pen",
  initialState: () => null,
  decide: {
    Write: (_, data) => ({ type: data.n < 0 ? "Opened" : "Written", data }),
    WriteAll: (_, { lines }) =>
      lines.map((data) => ({
        type: data.n < 0 ? ("Opened" as const) : ("Written" as const),
        data,
      })),
  },
  evolve: { Opened: () => null, Written: () => null, Copied: () => null },
});

type NotebookEvent =
  { type: "Written"; data: Line } | { type: "Grow"; bytes: number } | { type: "Tell" };

export const notebookMachine = setup({
  types: {
    context: {} as { lines: number[]; bulk: string },
    events: {} as NotebookEvent,
    emitted: {} as { type: "Told"; data: { lines: number } },
  },
  delays: { never: 1_000 * 3_600 * 24 * 365 },
}).createMachine({
  id: "notebook",
  context: { lines: [], bulk: "" },
  initial: "open",
  states: {
    open: {
      on: {
        Written: {
          actions: assign({
            lines: ({ context, event }) => {
              // Some lines can't be written down.
              if (event.data.n === 13) throw new Error("no thirteen");
              return [...context.lines, event.data.n];
            },
            bulk: ({ event, context }) =>
              event.data.n === 77 ? "x".repeat(300_000) : context.bulk,
          }),
        },
        Grow: { actions: assign({ bulk: ({ event }) => "x".repeat(event.bytes) }) },
        Tell: {
          actions: emit(({ context }) => ({
            type: "Told" as const,
            data: { lines: context.lines.length },
          })),
        },
      },
    },
  },
});

type Sources = readonly [typeof Pen];

export function notebook(changes: Partial<SagaDefinition<Sources>> = {}) {
  return saga<Sources>({
    name: "notebook",
    machine: notebookMachine,
    from: [Pen],
    correlate: {
      Opened: ({ data }) => start(data.book),
      Written: ({ data }) => resume(data.book),
    },
    emits: ["Told"],
    start: "beginning",
    ...changes,
  });
}

export { resume, start, startOrResume };
