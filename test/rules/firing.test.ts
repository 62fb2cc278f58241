/** When rules fire, in which order, how often, and what they may do. */
import { fact, rule, ruleSet, signal, type Act, type RuleSet, type WorkingMemory } from "tidemark";
import { givenRules } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Plain, type PlainData } from "../support/plain-source.js";

const Item = fact<{ readonly value: number }>("item");
const Exempt = fact<{ readonly value: number }>("exempt");
const Level = fact<{ readonly value: number }>("level");
const Ping = signal<{ readonly value: number }>("ping");
type Noted = { readonly type: "Noted"; readonly data: { readonly what: unknown } };

type Rules = Parameters<typeof ruleSet>[0]["rules"];
const KINDS = [Item, Exempt, Level, Ping];
const handlers = {
  Put: ({ data: { id = "", value = 0 } }: { data: Partial<PlainData> }, memory: WorkingMemory) =>
    memory.insert(Item, id, { value }),
  Drop: ({ data: { id = "" } }: { data: Partial<PlainData> }, memory: WorkingMemory) =>
    void memory.retract(Item, id),
  Open: ({ data: { id = "", value = 0 } }: { data: Partial<PlainData> }, memory: WorkingMemory) =>
    memory.insert(Exempt, id, { value }),
  Close: ({ data: { id = "" } }: { data: Partial<PlainData> }, memory: WorkingMemory) =>
    void memory.retract(Exempt, id),
  Step: ({ data: { value = 0 } }: { data: Partial<PlainData> }, memory: WorkingMemory) =>
    memory.signal(Ping, { value }),
};
const rulesOf = (...rules: Rules): RuleSet =>
  ruleSet({ name: "firing", from: [Plain], facts: KINDS, targets: [Plain], on: handlers, rules });

const noting = (what: unknown, act: Act<Noted>) => act.alert({ type: "Noted", data: { what } });
const put = (id: string, value = 0, atMs?: number) => told("Put", { id, value }, atMs);
const drop = (id: string, atMs?: number) => told("Drop", { id }, atMs);
const told = (type: string, data: Partial<PlainData>, atMs?: number) => ({
  type,
  data,
  ...(atMs === undefined ? {} : { atMs }),
});
const notes = (given: { alerts(): readonly { readonly data?: unknown }[] }) =>
  given.alerts().map(({ data }) => (data as Noted["data"]).what);

describe("a match", () => {
  const big = rule<Noted>("big")
    .when("item", Item, ({ value }) => value > 10)
    .then(({ item }, act) => noting(item.value, act));

  it("fires once while it holds, and again when it holds again", () => {
    const given = givenRules(rulesOf(big)).events([put("a", 11), put("a", 12), put("b", 20)]);
    expect(notes(given)).toEqual([11, 20]);
    const again = given.events([put("a", 5), put("a", 13), drop("b"), put("b", 14)]);
    expect(notes(again)).toEqual([11, 20, 13, 14]);
    expect(again.fired().map(({ key, nth, firing }) => [key, nth, firing])).toEqual([
      ["a", 1, 1],
      ["b", 1, 2],
      ["a", 2, 3],
      ["b", 2, 4],
    ]);
  });

  it("fires again on another value where it says so, and not on the same", () => {
    const level = rule<Noted>("level")
      .when("item", Item)
      .refireOn(({ item }) => Math.floor(item.value / 10))
      .then(({ item }, act) => noting(item.value, act));
    const given = givenRules(rulesOf(level)).events(
      [1, 2, 11, 12, 3].map((value) => put("a", value)),
    );
    expect(notes(given)).toEqual([1, 11, 3]);
    expect(given.fired().map(({ key, nth }) => [key, nth])).toEqual([
      ["a@0", 1],
      ["a@1", 1],
      ["a@0", 2],
    ]);
  });

  it("is known by ids, whatever is in them", () => {
    const pair = rule<Noted>("pair")
      .when("a", Item)
      .when("b", Item, (b, { a }) => a !== b)
      .then((_, act) =>
        noting(
          act.match.map(({ id }) => id),
          act,
        ),
      );
    const ids = ["a,b", "a", "b", "\\", "@1", ","];
    const given = givenRules(rulesOf(pair)).events(ids.map((id) => put(id)));
    expect(given.fired()).toHaveLength(ids.length * (ids.length - 1));
    expect(new Set(given.fired().map(({ key }) => key)).size).toBe(ids.length * (ids.length - 1));
    const gone = given.events(ids.map((id) => drop(id)));
    expect(
      gone
        .events(ids.map((id) => put(id)))
        .fired()
        .every(({ nth }) => nth <= 2),
    ).toBe(true);
  });

  it("joins by id without looking at others", () => {
    let looked = 0;
    const joined = rule<Noted>("joined")
      .when("exempt", Exempt)
      .when("item", Item, {
        id: ({ exempt }) => (exempt.value < 0 ? undefined : `i${exempt.value}`),
        where: () => (looked += 1) > 0,
      })
      .then(({ item }, act) => noting(item.value, act));
    const items = Array.from({ length: 50 }, (_, index) => put(`i${index}`, index));
    const given = givenRules(rulesOf(joined)).events([
      ...items,
      told("Open", { id: "x", value: 7 }),
      told("Open", { id: "y", value: -1 }),
    ]);
    expect(notes(given)).toEqual([7]);
    expect(looked).toBe(1);
  });

  it("without a fact holds while there is none", () => {
    const free = rule<Noted>("free")
      .when("item", Item)
      .without(Exempt, (exempt, { item }) => exempt.value === item.value)
      .then(({ item }, act) => noting(item.value, act));
    const given = givenRules(rulesOf(free)).events([
      told("Open", { id: "x", value: 1 }),
      put("a", 1),
      put("b", 2),
    ]);
    expect(notes(given)).toEqual([2]);
    expect(notes(given.events([told("Close", { id: "x" })]))).toEqual([2, 1]);
  });

  it("that collects stays the same while its collection changes, in the order in which facts came", () => {
    const many = rule<Noted>("many")
      .collect("items", Item, {
        where: ({ value }) => value > 0,
        having: (items) => items.length >= 3,
      })
      .then(({ items }, act) =>
        noting(
          items.map(({ value }) => value),
          act,
        ),
      );
    const given = givenRules(rulesOf(many)).events([
      put("z", 1),
      put("y", 0),
      put("b", 2),
      put("a", 3),
      put("c", 4),
    ]);
    expect(notes(given)).toEqual([[1, 2, 3]]);
    const again = given.events([drop("a"), drop("b"), put("z", 9), put("b", 5)]);
    expect(notes(again)).toEqual([
      [1, 2, 3],
      [9, 4, 5],
    ]);
  });

  it("of nothing but a collection is there from the beginning", () => {
    const few = rule<Noted>("few")
      .collect("items", Item, { having: (items) => items.length < 2 })
      .then(({ items }, act) => noting(items.length, act));
    expect(notes(givenRules(rulesOf(few)).events([told("Step", {})]))).toEqual([0]);
  });
});

describe("a rule that waits", () => {
  const lasting = rule<Noted>("lasting")
    .when("item", Item, ({ value }) => value > 10)
    .lasting(100)
    .then((_, act) => noting(act.atMs, act));

  it("fires once its match has held so long, at that moment, whoever brings the news", () => {
    const begun = givenRules(rulesOf(lasting)).events([put("a", 11, 0), put("a", 12, 50)]);
    expect(notes(begun)).toEqual([]);
    expect(notes(begun.time(100))).toEqual([]);
    expect(notes(begun.time(101))).toEqual([100]);
    expect(notes(begun.events([put("b", 0, 5_000)]))).toEqual([100]);
    // What is due at the very moment of an event happens after it.
    expect(notes(begun.events([drop("a", 100)]).time(500))).toEqual([]);
    expect(notes(begun.events([drop("a", 101)]).time(500))).toEqual([100]);
  });

  it("begins to wait anew where its match didn't hold in between", () => {
    const begun = givenRules(rulesOf(lasting)).events([
      put("a", 11, 0),
      put("a", 5, 60),
      put("a", 12, 61),
    ]);
    expect(notes(begun.time(1_000))).toEqual([161]);
  });

  it("fires when the match says that it is due, as it says last", () => {
    const due = rule<Noted>("due")
      .when("item", Item)
      .dueAt(({ item }) => (item.value < 0 ? undefined : item.value))
      .then((_, act) => noting(act.atMs, act));
    const begun = givenRules(rulesOf(due)).events([put("a", 100, 0)]);
    expect(notes(begun.time(1_000))).toEqual([100]);
    expect(notes(begun.events([put("a", 300, 50)]).time(299))).toEqual([]);
    expect(notes(begun.events([put("a", 300, 50)]).time(1_000))).toEqual([300]);
    expect(notes(begun.events([put("a", -1, 50)]).time(1_000))).toEqual([]);
    // What is overdue is at once.
    expect(notes(begun.events([put("b", 10, 50)]))).toEqual([50]);
    expect(notes(begun.events([drop("a", 99)]).time(1_000))).toEqual([]);
  });

  it("leaves the rest of a long list for the next wake, and comes to the end of it", () => {
    const all = Array.from({ length: 300 }, (_, index) => put(`i${index}`, 11, index));
    const given = givenRules(rulesOf(lasting)).events(all.slice(0, 99));
    const done = given.events(all.slice(99)).time(10_000);
    expect(notes(done)).toEqual(Array.from({ length: 300 }, (_, index) => 100 + index));
  });
});

describe("facts that expire", () => {
  const Short = fact<{ readonly value: number }>("short", { expiresAfterMs: 100 });
  const rules = ruleSet({
    name: "expiring",
    from: [Plain],
    facts: [Short],
    on: {
      Put: ({ data: { id = "", value = 0 } }, memory) =>
        memory.insert(Short, id, { value }, value > 0 ? { expiresAtMs: value } : {}),
      Step: ({ data: { id = "" } }, memory) =>
        void memory.update(Short, id, ({ value }) => ({ value: value + 1 })),
    },
    rules: [
      rule<Noted>("gone")
        .collect("all", Short, { having: (all) => all.length === 0 })
        .then((_, act) => noting(act.atMs, act)),
    ],
  });
  const gone = (...events: Parameters<ReturnType<typeof givenRules>["events"]>[0]) =>
    notes(givenRules(rules).events(events).time(10_000)).slice(-1);

  it("go after their time, counted from the last change, or when an insertion says", () => {
    expect(gone(put("a", 0, 0))).toEqual([100]);
    expect(gone(put("a", 0, 0), told("Step", { id: "a" }, 90))).toEqual([190]);
    expect(gone(put("a", 250, 0))).toEqual([250]);
    expect(gone(put("a", 250, 0), put("a", 0, 10))).toEqual([110]);
    expect(gone(put("a", 0, 0), put("b", 0, 70))).toEqual([170]);
  });
});

describe("the agenda", () => {
  it("fires by salience, then by the order of rules, then by how long a match holds, then by its key", () => {
    const noteAs = (name: string, salience: number) =>
      rule<Noted>(name)
        .when("ping", Ping)
        .when("item", Item)
        .salience(salience)
        .then((_, act) => noting(`${name} ${act.match[1]?.id}`, act));
    const given = givenRules(
      rulesOf(noteAs("low", -1), noteAs("first", 0), noteAs("second", 0), noteAs("high", 5)),
    ).events([put("b"), put("a"), told("Step", {})]);
    expect(notes(given)).toEqual([
      "high a",
      "high b",
      "first a",
      "first b",
      "second a",
      "second b",
      "low a",
      "low b",
    ]);
  });

  it("doesn't fire what another firing has ended", () => {
    const eat = rule<Noted>("eat")
      .when("item", Item)
      .salience(1)
      .then((_, act) => {
        act.retract(Item, "b");
        noting("eat", act);
      });
    const see = rule<Noted>("see")
      .when("item", Item)
      .then((_, act) => noting(act.match[0]?.id, act));
    const given = givenRules(rulesOf(see, eat)).events([told("Step", {}), put("b"), put("a")]);
    expect(notes(given)).toEqual(["eat", "eat", "a"]);
  });

  it("shows signals to rules once, and what follows when they are gone", () => {
    const seen = rule<Noted>("seen")
      .when("ping", Ping)
      .then(({ ping }, act) => noting(ping.value, act));
    const silent = rule<Noted>("silent")
      .when("item", Item)
      .without(Ping)
      .then((_, act) => noting("silent", act));
    const rules = rulesOf(seen, silent);
    const given = givenRules(rules).events([
      put("a"),
      told("Step", { value: 1 }),
      told("Step", { value: 2 }),
    ]);
    expect(notes(given)).toEqual(["silent", 1, "silent", 2, "silent"]);
    expect(given.facts().map(({ kind }) => kind)).toEqual(["item"]);
  });
});

describe("what a rule does", () => {
  it("is seen by other rules: facts that it inserts, updates and retracts, signals", () => {
    const raise = rule<Noted>("raise")
      .when("item", Item, ({ value }) => value > 0)
      .then(({ item }, act) => {
        expect(act.update(Level, "top", ({ value }) => ({ value: value + item.value }))).toBe(
          act.get(Level, "top") !== undefined,
        );
        if (act.get(Level, "top") === undefined) act.insert(Level, "top", { value: item.value });
        act.signal(Ping, { value: act.all(Item).length });
      });
    const top = rule<Noted>("top")
      .when("level", Level)
      .refireOn(({ level }) => level.value)
      .then(({ level }, act) => noting(level.value, act));
    const pinged = rule<Noted>("pinged")
      .when("ping", Ping)
      .then(({ ping }, act) => noting(`ping ${ping.value}`, act));
    const given = givenRules(rulesOf(raise, top, pinged)).events([put("a", 1), put("b", 5)]);
    expect(notes(given)).toEqual([1, "ping 1", 6, "ping 2"]);
    expect(given.facts().find(({ kind }) => kind === "level")?.causes).toEqual([
      { position: 1, type: "Put" },
      { position: 2, type: "Put" },
    ]);
  });

  it("is told with its commands, whose ids are those of the firing", () => {
    const send = rule("send")
      .when("item", Item)
      .then(({ item }, act) => {
        act.send(Plain, "p", { type: "Do", data: { n: item.value } });
        act.send(Plain, "q", { type: "Do", data: { n: 0 } }, { attemptsMax: 3, timeoutMs: 5_000 });
      });
    const given = givenRules(rulesOf(send)).events([put("a", 1), put("b", 2)]);
    expect(given.commands()).toEqual([
      { aggregate: "plain", entityId: "p", command: { type: "Do", data: { n: 1 } } },
      { aggregate: "plain", entityId: "q", command: { type: "Do", data: { n: 0 } } },
      { aggregate: "plain", entityId: "p", command: { type: "Do", data: { n: 2 } } },
      { aggregate: "plain", entityId: "q", command: { type: "Do", data: { n: 0 } } },
    ]);
    expect(given.fired().map(({ commands }) => commands)).toEqual([
      ["firing/entity-1#1.0", "firing/entity-1#1.1"],
      ["firing/entity-1#2.0", "firing/entity-1#2.1"],
    ]);
  });

  it("shares nothing with what it was given", () => {
    const kept: { value: number }[] = [];
    const leaky = rule("leaky")
      .when("item", Item)
      .then((_, act) => {
        const data = { value: 1 };
        act.insert(Level, "x", data);
        data.value = 2;
        act.update(Level, "x", (old) => {
          kept.push(old as { value: number });
          return old;
        });
        for (const each of kept) each.value = 3;
      });
    const given = givenRules(rulesOf(leaky)).events([put("a")]);
    expect(given.facts().find(({ kind }) => kind === "level")?.data).toEqual({ value: 1 });
  });
});
