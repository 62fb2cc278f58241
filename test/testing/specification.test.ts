import { given } from "tidemark/testing";
import { aggregate } from "tidemark";
import { describe, expect, it } from "vitest";
import { Account, deposit, withdraw, type AccountEvent } from "../support/account.js";

const deposited = (cents: number): AccountEvent => ({ type: "Deposited", data: { cents } });

describe("a specification", () => {
  it("passes where events, refusals, silence and state are as said", () => {
    given(Account, [deposited(5)]).thenState({ status: "absent", owner: "", cents: 5 });
    given(Account, [deposited(5)])
      .when(withdraw(3))
      .thenEvents({ type: "Withdrawn", data: { cents: 3 } })
      .thenState({ status: "absent", owner: "", cents: 2 })
      .when(withdraw(3))
      .thenRejected("insufficient-funds", { cents: 2 })
      .when({ type: "Touch" })
      .thenNothing();
  });

  it.each([
    ["other events", () => given(Account).when(deposit(1)).thenEvents(deposited(2))],
    ["no events", () => given(Account).when({ type: "Touch" }).thenEvents(deposited(2))],
    [
      "a refusal instead of events",
      () => given(Account).when(withdraw(1)).thenEvents(deposited(1)),
    ],
    [
      "events instead of a refusal",
      () => given(Account).when(deposit(1)).thenRejected("insufficient-funds"),
    ],
    ["another code", () => given(Account).when(withdraw(1)).thenRejected("no-money")],
    [
      "other details",
      () => given(Account).when(withdraw(1)).thenRejected("insufficient-funds", { cents: 1 }),
    ],
    ["another state", () => given(Account).thenState({ status: "open", owner: "", cents: 0 })],
    ["no throw", () => given(Account).when(deposit(1)).thenThrows("bug")],
  ])("fails with an AssertionError on %s", (_name, run) => {
    expect(run).toThrow(expect.objectContaining({ name: "AssertionError" }) as Error);
  });

  it("gives the context it was told", () => {
    const Stamp = aggregate<
      object,
      { type: "Go" },
      { type: "Gone"; data: { at: number; id: string; by: string } }
    >({
      name: "stamp",
      initialState: () => ({}),
      decide: {
        Go: (_state, _data, context) => ({
          type: "Gone",
          data: { at: context.nowMs, id: context.newId(), by: context.commandId ?? "" },
        }),
      },
      evolve: { Gone: (state) => state },
    });
    given(Stamp)
      .when({ type: "Go" }, { nowMs: 7, commandId: "c", ids: ["x"] })
      .thenEvents({ type: "Gone", data: { at: 7, id: "x", by: "c" } });
  });

  it("fails handlers that change the state in place, and events that couldn't be recorded", () => {
    const Bad = aggregate<
      { n: number },
      { type: "Go" } | { type: "Lose" },
      { type: "Gone" } | { type: "Lost"; data: { at: unknown } }
    >({
      name: "bad",
      initialState: () => ({ n: 0 }),
      decide: {
        Go: () => ({ type: "Gone" }),
        Lose: () => ({ type: "Lost", data: { at: new Map() } }),
      },
      evolve: {
        Gone: (state) => {
          state.n += 1;
          return state;
        },
        Lost: (state) => state,
      },
    });
    given(Bad)
      .when({ type: "Go" })
      .thenThrows(/read only|read-only/);
    given(Bad).when({ type: "Lose" }).thenThrows("plain data");
  });
});
