import fc from "fast-check";
import { InvalidArgumentError } from "tidemark";
import { givenSaga } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { checkGivenEvent } from "../../sagas/index.js";
import { Transfer } from "../support/transfers.js";

const FORGED = [
  "xstate.init",
  "xstate.stop",
  "xstate.done.actor.pay",
  "xstate.error.actor.pay",
  "xstate.after.1000.m.a",
  "xstate.done.state.m.a",
  "xstate.route",
  "saga.stepped",
  "debit.accepted",
  "debit.rejected",
  "debit.timed-out",
  "debit.given-up",
  "compensated",
  "compensation-failed",
  "*",
];

describe("an event given from outside", () => {
  it.each(FORGED)("%s is refused: only XState and Tidemark give it", (type) => {
    expect(() => {
      checkGivenEvent({ type });
    }).toThrow(InvalidArgumentError);
    expect(() => givenSaga(Transfer).start().when({ type })).toThrow("neither XState nor Tidemark");
  });

  it.each([undefined, null, "GO", 7, [], {}, { type: 7 }, { type: "" }, { type: "a\u0000" }])(
    "%j isn't an event",
    (event) => {
      expect(() => {
        checkGivenEvent(event as never);
      }).toThrow(InvalidArgumentError);
    },
  );

  it("that the machine doesn't know changes nothing, whatever it is called", () => {
    const order = { from: "a", to: "b", cents: 1 };
    const started = givenSaga(Transfer).start(order);
    fc.assert(
      fc.property(fc.string(), fc.anything({ withBigInt: true }), (type, data) => {
        let isGiven = true;
        try {
          checkGivenEvent({ type });
        } catch {
          isGiven = false;
        }
        fc.pre(isGiven);
        try {
          started.when({ type, data }).thenIgnored().thenState("debiting");
        } catch (error) {
          // What couldn't be recorded isn't taken.
          expect(error).toBeInstanceOf(InvalidArgumentError);
        }
      }),
    );
  });
});
