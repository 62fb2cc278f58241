/** What may be defined, and what is told of what may not. */
import {
  counter,
  fact,
  InvalidArgumentError,
  rule,
  ruleSet,
  sequence,
  sessionWindow,
  signal,
  slidingWindow,
  tumblingWindow,
} from "tidemark";
import { describe, expect, it } from "vitest";
import type { RecordedEvent } from "../../src/kernel/event.js";
import { Plain } from "../support/plain-source.js";

const Item = fact<{ readonly value: number }>("item");
type Definition = Parameters<typeof ruleSet>[0];
const definition: Definition = { name: "set", from: [Plain], facts: [Item], on: {}, rules: [] };
const defined = (changes: object) => () => ruleSet({ ...definition, ...changes });
const builder = () => rule("r").when("item", Item);
const finished = builder().then(() => undefined);
const anything = (value: unknown) => value as never;

describe("a definition", () => {
  const cases: Record<string, readonly [() => unknown, string]> = {
    "a fact without a name": [() => fact(""), "name of a kind"],
    "a fact with a slash in its name": [() => fact("a/b"), "name of a kind"],
    "a fact of a name that objects have": [() => fact("__proto__"), 'not "__proto__"'],
    "a fact that expires at once": [
      () => fact("a", { expiresAfterMs: 0 }),
      "expiresAfterMs of fact a",
    ],
    "a signal without a name": [() => signal(anything(7)), "name of a kind"],
    "a sliding window of no size": [() => slidingWindow("w", { sizeMs: 0 }), "sizeMs of window w"],
    "a sliding window of half a millisecond": [
      () => slidingWindow("w", { sizeMs: 0.5 }),
      "sizeMs of window w",
    ],
    "a tumbling window of a negative size": [
      () => tumblingWindow("w", { sizeMs: -1 }),
      "sizeMs of window w",
    ],
    "a tumbling window with half an offset": [
      () => tumblingWindow("w", { sizeMs: 1, offsetMs: 0.5 }),
      "offsetMs of window w",
    ],
    "a session window without a gap": [() => sessionWindow("w", anything({})), "gapMs of window w"],
    "a counter without a name": [() => counter(""), "name of a kind"],
    "a sequence of one step": [
      () => sequence("s", { steps: ["A"], withinMs: 1 }),
      "steps of sequence s",
    ],
    "a sequence without a time": [
      () => sequence("s", anything({ steps: ["A", "B"] })),
      "withinMs of sequence s",
    ],
    "a sequence whose step is a number": [
      () => sequence("s", { steps: ["A", anything(7)], withinMs: 1 }),
      "step 1 of sequence s",
    ],
    "a step whose where isn't a function": [
      () => sequence("s", { steps: ["A", { type: "B", where: anything(true) }], withinMs: 1 }),
      "where of step 1 of sequence s",
    ],
    "a sequence that is ended by its own step": [
      () => sequence("s", { steps: ["A", "B"], withinMs: 1, without: ["B"] }),
      "types that no step has",
    ],
    "an overlap that isn't known": [
      () => sequence("s", { steps: ["A", "B"], withinMs: 1, overlap: anything("all") }),
      "overlap of sequence s must be one of latest, first, each",
    ],
    "a rule without a name": [() => rule(""), "name of a rule"],
    "a rule of a name that objects have": [() => rule("__proto__"), 'not "__proto__"'],
    "a rule without a when": [
      () => rule("r").then(() => undefined),
      "rule r must be with a when or a collect",
    ],
    "a rule of nothing but a without": [
      () =>
        rule("r")
          .without(Item)
          .then(() => undefined),
      "with a when or a collect",
    ],
    "two patterns of one name": [
      () => builder().when("item", Item),
      "a name that no other pattern of it has",
    ],
    "a pattern without a name": [() => rule("r").when("", Item), "name of a when of rule r"],
    "a pattern about no kind": [
      () => rule("r").when("a", anything({})),
      "when a of rule r must be about a kind",
    ],
    "a predicate that is a number": [
      () => rule("r").when("a", Item, anything({ where: 7 })),
      "where of when a of rule r",
    ],
    "an id that is a text": [
      () => rule("r").without(Item, anything({ id: "x" })),
      "id of without of rule r",
    ],
    "a having that is a number": [
      () => rule("r").collect("a", Item, anything({ having: 3 })),
      "having of collect a of rule r",
    ],
    "a rule that lasts for less than nothing": [() => builder().lasting(-1), "lasting of rule r"],
    "a rule that lasts twice": [
      () => builder().lasting(1).lasting(2),
      "lasting of rule r must be once",
    ],
    "a rule that is due at a number": [() => builder().dueAt(anything(7)), "dueAt of rule r"],
    "a rule that is due twice": [
      () =>
        builder()
          .dueAt(() => 1)
          .dueAt(() => 2),
      "dueAt of rule r must be once",
    ],
    "a rule that lasts and is due": [
      () =>
        builder()
          .lasting(1)
          .dueAt(() => 1)
          .then(() => undefined),
      "lasting of rule r must be without dueAt",
    ],
    "a rule that fires again on a text": [
      () => builder().refireOn(anything("v")),
      "refireOn of rule r",
    ],
    "a salience of a half": [() => builder().salience(0.5), "salience of rule r"],
    "a rule that does nothing": [() => builder().then(anything(undefined)), "then of rule r"],
    "a rule set without a name": [defined({ name: "" }), "rule set name"],
    "a rule set of version 0": [defined({ version: 0 }), "version of rule set set"],
    "a rule set from nothing": [defined({ from: [] }), "from of rule set set"],
    "a rule set from something else": [defined({ from: [{}] }), "from of rule set set"],
    "a negative lateness": [defined({ latenessMs: -1 }), "latenessMs of rule set set"],
    "a start that isn't one": [defined({ start: "end" }), "start of rule set set"],
    "an onChange that isn't one": [
      defined({ onChange: "drop" }),
      "onChange of rule set set must be one of rebuild, carry-over",
    ],
    "two kinds of one name": [
      defined({ facts: [Item, signal("item")] }),
      "kinds of different names",
    ],
    "facts that aren't kinds": [defined({ facts: ["item"] }), "about a kind made by fact()"],
    "two rules of one name": [defined({ rules: [finished, finished] }), "rules of different names"],
    "a rule about a kind that isn't named": [
      defined({ facts: [], rules: [finished] }),
      "rule r of rule set set must be about kinds that facts names",
    ],
    "a rule about another kind of that name": [
      defined({ facts: [fact("item")], rules: [finished] }),
      "about kinds that facts names",
    ],
    "a rule that isn't finished": [defined({ rules: [builder()] }), "rules that end with then()"],
    "a handler that isn't a function": [defined({ on: { Put: 7 } }), "on of rule set set, Put"],
    "a key that isn't a function": [defined({ key: "id" }), "key of rule set set"],
    "a time that isn't a function": [defined({ time: 7 }), "time of rule set set"],
    "a target that isn't one": [defined({ targets: ["plain"] }), "targets of rule set set"],
    "a limit that isn't one": [
      defined({ limits: { rulesMax: 7 } }),
      "limits of rule set set must be some of factsMax",
    ],
    "a limit of nothing": [defined({ limits: { factsMax: 0 } }), "factsMax of rule set set"],
    "a previous of another name": [
      defined({ previous: ruleSet({ ...definition, name: "other" }) }),
      "previous of rule set set",
    ],
    "a previous of the same version": [
      defined({ previous: ruleSet(definition) }),
      "previous of rule set set",
    ],
  };

  it.each(Object.entries(cases))("isn't %s", (_, [define, problem]) => {
    expect(define).toThrow(InvalidArgumentError);
    expect(define).toThrow(problem);
  });

  it("reads the events that it handles, and those that its sequences look at", () => {
    const Quick = sequence("quick", { steps: ["Open", "Close"], withinMs: 1, without: ["Stop"] });
    const rules = ruleSet({
      ...definition,
      facts: [Quick],
      on: { Put: () => undefined },
    });
    expect([...rules.handlers.keys()].sort()).toEqual(["Close", "Open", "Put", "Stop"]);
  });

  it("has another hash when a kind, a rule or a handler is another one, and only then", () => {
    const of = (changes: object) => defined({ rules: [finished], ...changes })().hash;
    const same = of({});
    expect(of({ name: "other", version: 2, onChange: "carry-over" })).toBe(same);
    const others = [
      of({ facts: [Item, fact("more")] }),
      of({ facts: [Item, slidingWindow("w", { sizeMs: 1 })] }),
      of({ facts: [Item, slidingWindow("w", { sizeMs: 2 })] }),
      of({ facts: [Item, sequence("q", { steps: ["A", "B"], withinMs: 1 })] }),
      of({ facts: [Item, sequence("q", { steps: ["A", "B"], withinMs: 1, without: ["C"] })] }),
      of({ rules: [] }),
      of({
        rules: [
          builder()
            .salience(1)
            .then(() => undefined),
        ],
      }),
      of({
        rules: [
          builder()
            .lasting(1)
            .then(() => undefined),
        ],
      }),
      of({ rules: [builder().then(() => void 0)] }),
      of({
        rules: [
          rule("r")
            .when("item", Item, () => true)
            .then(() => undefined),
        ],
      }),
      of({ on: { Put: () => undefined } }),
      of({ on: { Drop: () => undefined } }),
    ];
    expect(new Set([same, ...others]).size).toBe(others.length + 1);
  });
});

describe("key and time", () => {
  const event = {
    type: "Put",
    entityId: "e",
    recordedAtMs: 7,
    data: { at: 5 },
  } as unknown as RecordedEvent;

  it("are the entity and the moment of its record where nothing is said", () => {
    const rules = ruleSet(definition);
    expect(rules.keysOf(event)).toEqual(["e"]);
    expect(rules.timeOf(event)).toBe(7);
  });

  it("say several sessions, each once, or none; and any moment", () => {
    const keys = (key: unknown) => defined({ key })().keysOf(event);
    expect(keys(() => ["a", "b", "a"])).toEqual(["a", "b"]);
    expect(keys(() => undefined)).toEqual([]);
    expect(defined({ time: () => -1.5 })().timeOf(event)).toBe(-1.5);
  });

  it("are refused where they say something else", () => {
    const keys = (key: unknown) => () => defined({ key })().keysOf(event);
    expect(keys(() => 7)).toThrow("what key of rule set set returns for Put must be a string");
    expect(keys(() => ["a", ""])).toThrow(InvalidArgumentError);
    expect(() => defined({ time: () => NaN })().timeOf(event)).toThrow(
      "what time of rule set set returns for Put must be a number of milliseconds",
    );
  });
});
