import { aggregate, fact, rule, ruleSet, upcaster } from "tidemark";
import { givenRules } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Account } from "../support/account.js";

type TripEvent =
  | { readonly type: "Started"; readonly data: { readonly by: string; readonly atMs: number } }
  | { readonly type: "Ended"; readonly data: { readonly by: string } };
/** Once a trip was told in one event. */
const Trip = aggregate<object, { readonly type: "Go" }, TripEvent>({
  name: "trip",
  initialState: () => ({}),
  decide: { Go: () => [] },
  evolve: { Started: (state) => state, Ended: (state) => state },
  upcasters: {
    Made: upcaster<{ by: string; atMs: number }>().splitInto(
      ["Started", "Ended"],
      ({ by, atMs }) => [
        { type: "Started", data: { by, atMs } },
        { type: "Ended", data: { by } },
      ],
    ),
  },
});

const Away = fact<{ readonly sinceMs: number }>("away");
const rules = ruleSet({
  name: "trips",
  from: [Trip, Account],
  key: ({ type, data }) =>
    type === "Started" || type === "Ended" ? data.by.split("+") : undefined,
  latenessMs: 5,
  facts: [Away],
  targets: [Account],
  on: {
    Started: ({ data: { by, atMs } }, memory) => {
      if (by === "nobody") throw new Error("who?");
      memory.insert(Away, "trip", { sinceMs: atMs });
    },
    Ended: (_, memory) => void memory.retract(Away, "trip"),
    Opened: () => undefined,
  },
  rules: [
    rule<{ type: "Overdue"; data: { sessionId: string } }>("overdue")
      .when("away", Away)
      .lasting(100)
      .then((_, act) => {
        act.alert({ type: "Overdue", data: { sessionId: act.sessionId } });
        act.send(Account, act.sessionId, { type: "Withdraw", data: { cents: 1 } });
      }),
  ],
});
const started = (by: string, atMs: number) => ({ type: "Started", data: { by, atMs }, atMs });

describe("a specification of rules", () => {
  it("gives events to their sessions, passes time, and tells what came of it", () => {
    const given = givenRules(rules).events([started("ann+bob", 0), started("eve", 3)]);
    expect(given.fired()).toEqual([]);
    expect(given.facts("bob")).toMatchObject([{ kind: "away", id: "trip", data: { sinceMs: 0 } }]);
    const later = given.events([{ type: "Ended", data: { by: "bob" }, atMs: 50 }]).time(1_000);
    expect(later.alerts()).toEqual([
      { type: "Overdue", data: { sessionId: "ann" } },
      { type: "Overdue", data: { sessionId: "eve" } },
    ]);
    expect(later.fired("eve")).toMatchObject([{ rule: "overdue", key: "trip", atMs: 103 }]);
    expect(later.alerts("bob")).toEqual([]);
    expect(later.commands("ann")).toEqual([
      { aggregate: "account", entityId: "ann", command: { type: "Withdraw", data: { cents: 1 } } },
    ]);
    // What came before is as it was.
    expect(given.alerts()).toEqual([]);
  });

  it("lets time come no further than what may be late", () => {
    const given = givenRules(rules).events([started("ann", 0)]);
    expect(given.time(105).alerts()).toEqual([]);
    expect(given.time(106).alerts()).toHaveLength(1);
    expect(given.time(105).time(106).alerts()).toHaveLength(1);
  });

  it("reads events of the past as today's", () => {
    const made = { type: "Made", data: { by: "ann", atMs: 0 } };
    expect(givenRules(rules).events([made]).facts("ann")).toEqual([]);
    expect(
      givenRules(rules)
        .events([made, started("bob", 1)])
        .facts("bob"),
    ).toHaveLength(1);
  });

  it("says why a session is parked, and tells nothing else of it", () => {
    const given = givenRules(rules).events([started("nobody", 0), started("ann", 1)]);
    const problem =
      "on Started of rule set trips failed in session nobody (Started at position 1): who?";
    expect(given.parked("nobody")).toBe(problem);
    expect(given.parked("ann")).toBeUndefined();
    expect(() => given.alerts()).toThrow(`nobody is parked: ${problem}`);
    expect(() => given.facts("nobody")).toThrow(problem);
    expect(given.facts("ann")).toHaveLength(1);
  });

  it("refuses what can't be given", () => {
    const given = givenRules(rules);
    expect(() => given.events([{ type: "Exploded" }])).toThrow("type of an event must be");
    expect(() => given.events([{ ...started("a", 0), from: "ship" }])).toThrow("from of an event");
    expect(() => given.events([started("ann+bob", 0)]).facts()).toThrow(
      "sessionId must be one of ann, bob",
    );
    expect(
      given.events([{ type: "Opened", data: { owner: "ann" }, from: "account" }]).facts(),
    ).toEqual([]);
  });
});
