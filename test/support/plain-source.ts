/** An aggregate whose events a test makes up as it goes. */
import { aggregate } from "tidemark";

/** Any data: rule sets of tests say themselves what they take it for. */
export interface PlainData {
  readonly id: string;
  readonly value: number;
  readonly atMs: number;
  readonly label: string;
  readonly group: string;
}

const TYPES = ["Put", "Drop", "Add", "Open", "Step", "Close", "Stop"] as const;
export type PlainEvent = {
  readonly type: (typeof TYPES)[number];
  readonly data: Partial<PlainData>;
};

export const Plain = aggregate<object, { type: "Do"; data: { n: number } }, PlainEvent>({
  name: "plain",
  initialState: () => ({}),
  decide: { Do: () => [] },
  evolve: {
    Put: (state) => state,
    Drop: (state) => state,
    Add: (state) => state,
    Open: (state) => state,
    Step: (state) => state,
    Close: (state) => state,
    Stop: (state) => state,
  },
});
