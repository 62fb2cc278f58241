/** What is concluded is there exactly as long as it follows from what is stated. */
import fc from "fast-check";
import { fact, rule, ruleSet } from "tidemark";
import { givenRules } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Plain } from "../support/plain-source.js";
import { RulesSession } from "../support/rules-session.js";

const RUNS = Number(process.env.RULE_RUNS ?? 300);
const Node = fact<{ readonly by: string }>("node");

interface Edge {
  readonly from: readonly string[];
  readonly to: string;
}

const name = fc.constantFrom("a", "b", "c", "d", "e", "f");
const edges = fc.array(
  fc.record({ from: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }), to: name }),
  { minLength: 1, maxLength: 12 },
);
const changes = fc.array(
  fc.tuple(fc.constantFrom("Put" as const, "Put" as const, "Drop" as const), name),
  {
    minLength: 1,
    maxLength: 30,
    size: "max",
  },
);

/** A rule for each edge: where all of `from` are, `to` is. */
function deductive(all: readonly Edge[]) {
  return ruleSet({
    name: "truth",
    from: [Plain],
    facts: [Node],
    on: {
      Put: ({ data: { id = "" } }, memory) => memory.insert(Node, id, { by: "hand" }),
      Drop: ({ data: { id = "" } }, memory) => void memory.retract(Node, id),
    },
    rules: all.map(({ from: [first = "", second = first], to }, index) =>
      rule(`edge-${index}`)
        .when("first", Node, { id: () => first })
        .when("second", Node, { id: () => second })
        .then((_, act) => act.conclude(Node, to, { by: `edge-${index}` })),
    ),
  });
}

function leastModel(stated: ReadonlySet<string>, all: readonly Edge[]): readonly string[] {
  const model = new Set(stated);
  for (let size = -1; size !== model.size;) {
    size = model.size;
    for (const { from, to } of all) if (from.every((each) => model.has(each))) model.add(to);
  }
  return [...model].sort();
}

const idsOf = (session: RulesSession) =>
  session
    .facts()
    .map(({ id }) => id)
    .sort();

describe("conclusions", () => {
  it("are the least model of what is stated, whatever the rules, circles included", () => {
    let concluded = 0;
    fc.assert(
      fc.property(edges, changes, (all, told) => {
        const session = new RulesSession(deductive(all));
        const stated = new Set<string>();
        told.forEach(([type, id], index) => {
          session.event({ type, data: { id }, atMs: index });
          if (type === "Put") stated.add(id);
          else stated.delete(id);
          const model = leastModel(stated, all);
          expect(idsOf(session)).toEqual(model);
          concluded += model.length - stated.size;
        });
        for (const { id, concludedBy } of session.facts())
          expect(concludedBy.length === 0).toBe(stated.has(id));
        session.restart();
      }),
      { numRuns: RUNS },
    );
    expect(concluded).toBeGreaterThan(0);
  });

  it("that only hold each other up go together, and come again with their reason", () => {
    const rules = deductive([
      { from: ["a"], to: "b" },
      { from: ["b"], to: "c" },
      { from: ["c"], to: "b" },
    ]);
    const put = { type: "Put", data: { id: "a" } };
    const begun = givenRules(rules).events([put]);
    const ids = (given: typeof begun) => given.facts().map(({ id }) => id);
    expect(ids(begun)).toEqual(["a", "b", "c"]);
    const dropped = begun.events([{ type: "Drop", data: { id: "a" } }]);
    expect(ids(dropped)).toEqual([]);
    const again = dropped.events([put]);
    expect(ids(again)).toEqual(["a", "b", "c"]);
    expect(again.fired().map(({ rule: fired, nth }) => [fired, nth])).toEqual([
      ["edge-0", 1],
      ["edge-1", 1],
      ["edge-2", 1],
      ["edge-0", 2],
      ["edge-1", 2],
      ["edge-2", 2],
    ]);
  });

  it("stay while another reason is left, with what that says; what is stated counts before them", () => {
    const rules = deductive([
      { from: ["a"], to: "x" },
      { from: ["b"], to: "x" },
    ]);
    const put = (id: string) => ({ type: "Put", data: { id } });
    const drop = (id: string) => ({ type: "Drop", data: { id } });
    const both = givenRules(rules).events([put("a"), put("b")]);
    const x = (given: typeof both) => given.facts().find(({ id }) => id === "x");
    expect(x(both)).toMatchObject({ data: { by: "edge-1" }, concludedBy: ["edge-0", "edge-1"] });
    expect(x(both)?.causes).toEqual([{ position: 2, type: "Put" }]);
    expect(x(both.events([drop("b")]))?.data).toEqual({ by: "edge-0" });
    const stated = both.events([put("x")]);
    expect(x(stated)).toMatchObject({ data: { by: "hand" }, concludedBy: [] });
    expect(x(stated.events([drop("a"), drop("b")]))?.data).toEqual({ by: "hand" });
    expect(x(stated.events([drop("x")]))).toMatchObject({
      data: { by: "edge-1" },
      concludedBy: ["edge-0", "edge-1"],
    });
    expect(x(stated.events([drop("x"), drop("a"), drop("b")]))).toBeUndefined();
    expect(x(both.events([drop("x")]))).toBeDefined();
  });

  it("name the events that their reasons go back to, however far", () => {
    const rules = deductive([
      { from: ["a", "b"], to: "c" },
      { from: ["c", "d"], to: "e" },
    ]);
    const given = givenRules(rules).events(
      ["b", "d", "a"].map((id) => ({ type: "Put", data: { id } })),
    );
    expect(
      given
        .facts()
        .find(({ id }) => id === "e")
        ?.causes.map(({ position }) => position),
    ).toEqual([1, 2, 3]);
    expect(given.fired().at(-1)).toMatchObject({
      rule: "edge-1",
      key: "c,d",
      facts: [
        { as: "first", id: "c", by: { rule: "edge-0", firing: 1 } },
        { as: "second", id: "d", causes: [{ position: 2, type: "Put" }] },
      ],
      concluded: [["node", "e"]],
    });
  });
});
