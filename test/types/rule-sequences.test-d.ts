/** What the compiler knows of the events of a sequence. */
import { describe, expectTypeOf, it } from "vitest";
import { sequence, type SequenceKind, type SequenceValue } from "../../src/index.js";

type Move =
  { type: "Opened"; data: { owner: string } } | { type: "Withdrawn"; data: { cents: number } };

describe("sequence", () => {
  it("gives each event the data of its type, in steps and in what has come together", () => {
    const quick = sequence<Move>("quick", {
      steps: [
        "Opened",
        {
          type: "Withdrawn",
          where: ({ data }, [opened]) =>
            data.cents > 0 && opened?.type === "Opened" && opened.data.owner !== "",
        },
      ],
      withinMs: 1_000,
    });
    const told = ({ events: [, withdrawn] }: SequenceValue<Move>) =>
      withdrawn?.type === "Withdrawn" ? withdrawn.data.cents : 0;
    expectTypeOf(told).returns.toBeNumber();
    expectTypeOf(quick).toEqualTypeOf<SequenceKind<Move>>();
    expectTypeOf<SequenceValue<Move>["events"][number]>().toEqualTypeOf<
      | { readonly type: "Opened"; readonly data: { owner: string }; readonly atMs: number }
      | { readonly type: "Withdrawn"; readonly data: { cents: number }; readonly atMs: number }
    >();
  });
});
