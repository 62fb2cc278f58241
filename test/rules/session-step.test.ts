/** What one input does to a session: repetitions, time, failures, what is kept, and how it goes on. */
import {
  counter,
  fact,
  rule,
  ruleSet,
  signal,
  slidingWindow,
  type RuleSet,
  type WorkingMemory,
} from "tidemark";
import { describe, expect, it } from "vitest";
import { KEPT_MAX } from "../../src/rules/session-step.js";
import type { StepRecord } from "../../src/rules/index.js";
import type { Message } from "../../src/kernel/event.js";
import { Plain, type PlainData } from "../support/plain-source.js";
import { RulesSession, typesOf, type ToldEvent } from "../support/rules-session.js";

const Item = fact<{ readonly value: number }>("item");
const Other = fact<{ readonly value: number }>("other");
const Ping = signal("ping");
const Recent = slidingWindow("recent", { sizeMs: 1_000_000 });
const Labels = counter("labels");

type Options = Partial<Parameters<typeof ruleSet>[0]>;
type On = (data: Partial<PlainData>, memory: WorkingMemory) => void;

/** Handlers as functions of data, so that each test brings its own. */
function rulesWith(on: Readonly<Record<string, On>>, options: Options = {}): RuleSet {
  const handlers = Object.entries(on).map(([type, run]) => [
    type,
    (event: { data: Partial<PlainData> }, memory: WorkingMemory) => run(event.data, memory),
  ]);
  return ruleSet({
    name: "steps",
    from: [Plain],
    facts: [Item, Other, Ping, Recent, Labels],
    targets: [Plain],
    rules: [],
    ...options,
    on: Object.fromEntries(handlers) as object,
  });
}

const put: On = ({ id = "", value = 0 }, memory) => memory.insert(Item, id, { value });
const drop: On = ({ id = "" }, memory) => void memory.retract(Item, id);
const event = (type: string, data: Partial<PlainData> = {}, atMs = 0): ToldEvent => ({
  type,
  data,
  atMs,
});
const seen = rule<{ type: "Seen" }>("seen")
  .when("item", Item)
  .then((_, act) => act.alert({ type: "Seen" }));
const lasting = rule<{ type: "Old" }>("old")
  .when("item", Item)
  .lasting(100)
  .then((_, act) => act.alert({ type: "Old" }));
const stepped = (events: readonly Message[] | string) =>
  (events as readonly Message[])[0]?.data as StepRecord & {
    readonly gone?: { readonly timers?: unknown; readonly commands?: unknown };
    readonly to?: unknown;
  };

describe("an event", () => {
  const rules = rulesWith({ Put: put, Drop: drop }, { rules: [seen] });

  it("that comes again is nothing: by its position, and its part", () => {
    const session = new RulesSession(rules);
    expect(typesOf(session.event({ ...event("Put", { id: "a" }), position: 5 }))).toEqual([
      "stepped",
      "fired",
      "Seen",
    ]);
    expect(session.event({ ...event("Put", { id: "b" }), position: 5 })).toEqual([]);
    expect(session.event({ ...event("Put", { id: "b" }), position: 4, part: 7 })).toEqual([]);
    expect(
      typesOf(session.event({ ...event("Put", { id: "b" }), position: 5, part: 1 })),
    ).toContain("stepped");
    session.restart();
    expect(session.event({ ...event("Put", { id: "c" }), position: 5, part: 1 })).toEqual([]);
    expect(session.state.position).toBe(5);
    expect(session.facts().map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("without an effect records nothing", () => {
    const session = new RulesSession(rules);
    expect(session.event(event("Drop", { id: "x" }, 10))).toEqual([]);
    expect(session.event(event("Stop", {}, 20))).toEqual([]);
    expect(session.state).toEqual(rules.behavior.initialState("s"));
  });

  it("that comes behind the watermark is counted, and handled all the same", () => {
    const session = new RulesSession(rules);
    session.event({ ...event("Put", { id: "a" }, 100), watermarkMs: 100 });
    const late = session.event({ ...event("Put", { id: "b" }, 50), watermarkMs: 100 });
    expect(stepped(late).input).toMatchObject({ kind: "event", atMs: 50, late: true });
    expect(typesOf(session.event({ ...event("Drop", { id: "x" }, 99), watermarkMs: 100 }))).toEqual(
      ["stepped"],
    );
    expect(session.state).toMatchObject({ late: 2, clockMs: 100 });
    expect(session.facts()).toHaveLength(2);
  });

  it("is recorded compactly: what changed, once, as it is then", () => {
    const session = new RulesSession(
      rulesWith({
        Put: (data, memory) => {
          put({ ...data, value: 1 }, memory);
          put({ ...data, value: 2 }, memory);
          memory.insert(Other, "x", { value: 1 });
          memory.retract(Other, "x");
        },
      }),
    );
    const [only, ...rest] = session.event(event("Put", { id: "a" }, 7)) as readonly Message[];
    expect(rest).toEqual([]);
    expect(only?.data).toEqual({
      input: {
        kind: "event",
        origin: { position: 1, part: 0, eventId: "e:1", type: "Put", streamId: "source/e" },
        atMs: 7,
      },
      step: 1,
      version: 1,
      clockMs: 7,
      facts: [
        ["item", "a", { seq: 0, stated: { data: { value: 2 }, atMs: 7, causes: [[1, 0, "Put"]] } }],
      ],
      to: ["active", 1, "", ""],
    });
  });
});

describe("the timer of a session", () => {
  it("is set for the earliest moment at which something is due, and one more, and moves with it", () => {
    const session = new RulesSession(
      rulesWith({ Put: put, Drop: drop }, { rules: [lasting], latenessMs: 10 }),
    );
    const timers = (events: readonly Message[] | string) => {
      const { timers: set = [], cancelled, gone } = stepped(events);
      return [set.map(({ dueAtMs }) => dueAtMs), cancelled ?? [], gone?.timers ?? []];
    };
    expect(timers(session.event(event("Put", { id: "a" }, 0)))).toEqual([[111], [], []]);
    expect(timers(session.event(event("Put", { id: "b" }, 5)))).toEqual([[], [], []]);
    expect(timers(session.event(event("Drop", { id: "a" }, 6)))).toEqual([
      [116],
      [],
      [["wake", 111]],
    ]);
    expect(session.wake(115)).toEqual([]);
    expect(timers(session.wake(116))).toEqual([[], ["wake"], [["wake", 116]]]);
    expect(session.fired().map(({ atMs }) => atMs)).toEqual([105]);
    expect(session.state.timers).toEqual([]);
  });

  it("that has fired is set anew though something is due at the same moment still", () => {
    const session = new RulesSession(
      rulesWith(
        {
          Add: (_, memory) => {
            for (let index = 0; index < 400; index++)
              memory.insert(Item, String(index), { value: 0 });
          },
        },
        { rules: [lasting] },
      ),
    );
    session.event(event("Add"));
    const dueAt: number[] = [];
    for (
      let timer = session.state.timers[0];
      timer !== undefined;
      timer = session.state.timers[0]
    ) {
      dueAt.push(timer.dueAtMs);
      session.wake(timer.dueAtMs);
    }
    // A step leaves what doesn't fit into it; the next timer isn't the one that has fired.
    expect(dueAt).toEqual([101, 102, 101, 102]);
    expect(session.alerts()).toHaveLength(400);
    expect(session.fired().every(({ atMs }) => atMs === 100)).toBe(true);
    session.restart();
  });

  it("must come first where more is due before an event than one commit holds", () => {
    const session = new RulesSession(rulesWith({ Put: put }, { rules: [lasting] }));
    for (let index = 0; index < 300; index++)
      session.event(event("Put", { id: String(index) }, index / 1_000));
    expect(session.event(event("Put", { id: "x" }, 500))).toBe("wake-first");
    for (const fired of [125, 250]) {
      expect(session.event(event("Put", { id: "x" }, 500))).toBe("wake-first");
      session.wake(500);
      expect(session.alerts()).toHaveLength(fired);
    }
    session.event(event("Put", { id: "x" }, 500));
    expect(session.alerts()).toHaveLength(300);
    expect(session.facts()).toHaveLength(301);
  });
});

describe("a command", () => {
  const sending = rule("sending")
    .when("item", Item)
    .then(({ item }, act) =>
      act.send(Plain, "p", { type: "Do", data: { n: item.value } }, { timeoutMs: 1_000 }),
    );

  it("is pending until it is answered, also while the session is parked", () => {
    const session = new RulesSession(rulesWith({ Put: put }, { rules: [sending] }));
    session.nowMs = 5_000;
    session.event(event("Put", { id: "a", value: 3 }));
    const id = "steps/s#1.0";
    expect(session.state.commands).toEqual([
      {
        id,
        as: "Do",
        aggregate: "plain",
        entityId: "p",
        command: { type: "Do", data: { n: 3 } },
        attemptsMax: 20,
        deadlineAtMs: 6_000,
      },
    ]);
    session.command({ type: "park", data: { reason: "a look" } });
    const answer = { outcome: "rejected", code: "no", details: { much: "more" } } as const;
    const answered = session.take({ kind: "answer", commandId: id, answer });
    expect(stepped(answered)).toEqual({
      input: { kind: "answer", commandId: id, outcome: "rejected", code: "no" },
      step: 2,
      gone: { commands: [["plain", id]] },
    });
    expect(session.take({ kind: "answer", commandId: id, answer })).toEqual([]);
    expect(session.state).toMatchObject({ status: "parked", commands: [] });
    session.restart();
  });
});

describe("a session that fails", () => {
  const failing = (problem: { now: boolean }) =>
    rulesWith(
      {
        Put: (data, memory) => {
          put(data, memory);
          if (problem.now && (data.value ?? 0) < 0) throw new Error("bad news");
        },
      },
      { rules: [seen, lasting] },
    );

  it("is parked with nothing of the step, keeps what comes, and takes it in order when it is released", () => {
    const problem = { now: true };
    const session = new RulesSession(failing(problem));
    session.event(event("Put", { id: "a" }, 0));
    const inputs = [-1, 2, -3, 4].map((value, index) =>
      session.input(event("Put", { id: `x${value}`, value }, 10 + index)),
    );
    expect(typesOf(session.take(inputs[0]!))).toEqual(["parked"]);
    expect(session.state.problem).toBe(
      "on Put of rule set steps failed in session s (Put at position 2): bad news",
    );
    for (const input of inputs.slice(1)) expect(typesOf(session.take(input))).toEqual(["kept"]);
    expect(session.take(inputs[1]!)).toEqual([]);
    expect(session.facts()).toHaveLength(1);
    // Its time is kept, too: the timer doesn't fire again and again.
    expect(typesOf(session.wake(101))).toEqual(["kept"]);
    expect(session.wake(101)).toEqual([]);
    expect(session.state).toMatchObject({ timers: [], kept: [{}, {}, {}, {}] });
    session.restart();

    const given = (count = 4) =>
      session.state.kept.slice(0, count).map((kept) => ({
        kept,
        input: inputs.find(({ origin }) => origin.position === kept.origin.position)!,
      }));
    const release = (count?: number) =>
      session.command({ type: "release", data: { hand: { by: "eve" }, events: given(count) } });
    expect(typesOf(release())).toEqual(["released", "parked"]);
    expect(session.state.kept).toHaveLength(4);
    problem.now = false;
    expect(typesOf(release(1))).toEqual(["stepped", "fired", "Seen", "released"]);
    expect(session.state).toMatchObject({ status: "parked", kept: [{}, {}, {}] });
    problem.now = true;
    expect(typesOf(release())).toEqual(["stepped", "fired", "Seen", "released", "parked"]);
    expect(session.state.kept).toHaveLength(2);
    problem.now = false;
    release();
    expect(session.state).toMatchObject({ status: "active", problem: "", kept: [], position: 5 });
    expect(session.state.timers).toMatchObject([{ dueAtMs: 101 }]);
    expect(session.facts().map(({ id }) => id)).toEqual(["a", "x-1", "x2", "x-3", "x4"]);
    expect(release()).toBe("not-parked");
    session.restart();
  });

  it("lets go what was kept where that is wanted", () => {
    const session = new RulesSession(failing({ now: true }));
    session.event(event("Put", { id: "a" }, 0));
    session.event(event("Put", { id: "b", value: -1 }, 1));
    session.event(event("Put", { id: "c" }, 2));
    session.wake(1_000);
    expect(typesOf(session.command({ type: "discard", data: {} }))).toEqual(["released"]);
    expect(session.state).toMatchObject({ status: "active", kept: [], timers: [{ dueAtMs: 101 }] });
    expect(session.facts().map(({ id }) => id)).toEqual(["a"]);
    expect(session.command({ type: "discard", data: {} })).toBe("not-parked");
    session.event(event("Put", { id: "d" }, 3));
    expect(session.facts().map(({ id }) => id)).toEqual(["a", "d"]);
    session.restart();
  });

  it("takes releases of the oldest only, and goes without what isn't there any more", () => {
    const session = new RulesSession(failing({ now: true }));
    session.command({ type: "park", data: {} });
    expect(session.state.problem).toBe("parked by hand");
    expect(session.command({ type: "park", data: {} })).toEqual([]);
    const inputs = ["a", "b"].map((id) => session.input(event("Put", { id })));
    for (const input of inputs) session.take(input);
    const [first, second] = session.state.kept.map((kept, index) => ({
      kept,
      input: inputs[index]!,
    }));
    const release = (
      ...events: { kept: NonNullable<typeof first>["kept"]; input?: (typeof inputs)[0] }[]
    ) => session.command({ type: "release", data: { hand: {}, events } });
    expect(release()).toBe("not-kept");
    expect(release(second!)).toBe("not-kept");
    expect(release(first!, second!, second!)).toBe("not-kept");
    release({ kept: first!.kept }, second!);
    expect(session.facts().map(({ id }) => id)).toEqual(["b"]);
    expect(session.state.status).toBe("active");
  });

  it("refuses what is more than it may keep", () => {
    const session = new RulesSession(failing({ now: true }));
    session.command({ type: "park", data: {} });
    for (let count = 0; count < KEPT_MAX; count++) session.event(event("Put"));
    expect(session.event(event("Put"))).toBe("session-full");
    expect(session.state.kept).toHaveLength(KEPT_MAX);
  });

  it("takes as much of what was kept as one commit holds, and the rest with the next release", () => {
    const session = new RulesSession(rulesWith({ Put: put }, { rules: [seen, lasting] }));
    session.event(event("Put", { id: "first" }, 0));
    session.command({ type: "park", data: {} });
    const inputs = Array.from({ length: 50 }, (_, index) =>
      session.input(event("Put", { id: `x${index}` }, 1_000 + index * 1_000)),
    );
    for (const input of inputs) session.take(input);
    const limits = { commitEventsMax: 40, eventDataBytesMax: 100_000, nestingDepthMax: 32 };
    let releases = 0;
    for (; session.state.status === "parked"; releases++) {
      const done = 50 - session.state.kept.length;
      const events = session.state.kept.map((kept, index) => ({
        kept,
        input: inputs[done + index]!,
      }));
      const released = session.command({ type: "release", data: { hand: {}, events, limits } });
      expect(released.length).toBeLessThanOrEqual(40);
    }
    expect(releases).toBeGreaterThan(5);
    expect(session.facts()).toHaveLength(51);
    expect(session.alerts().filter(({ type }) => type === "Old")).toHaveLength(50);
    session.restart();
  });
});

describe("what parks a session", () => {
  const cases: Record<string, readonly [RuleSet, string]> = {
    "a rule that throws": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item)
              .then(() => {
                throw new Error("oh");
              }),
          ],
        },
      ),
      "rule bad of rule set steps failed in session s (Put at position 1): oh",
    ],
    "a predicate that throws": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item, () => {
                throw new Error("oh");
              })
              .then(() => undefined),
          ],
        },
      ),
      "rule bad of rule set steps failed",
    ],
    "a predicate that is async": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item, (() => Promise.resolve(true)) as never)
              .then(() => undefined),
          ],
        },
      ),
      "what a predicate returns must be true or false",
    ],
    "a handler that is async": [
      rulesWith({ Put: (_, memory) => Promise.resolve(memory) as never }),
      "a handler or rule must be a function that isn't async",
    ],
    "data that isn't plain": [
      rulesWith({ Put: (_, memory) => memory.insert(Item, "a", { value: NaN }) }),
      "data of item a.value must be a finite number",
    ],
    "a kind of another rule set": [
      rulesWith({ Put: (_, memory) => memory.insert(fact("item"), "a", {}) }),
      "kind must be one that facts of the rule set names",
    ],
    "a signal that is inserted": [
      rulesWith({ Put: (_, memory) => memory.insert(Ping as never, "a", {}) }),
      "kind ping must be a fact",
    ],
    "a fact that is added to": [
      rulesWith({ Put: (_, memory) => memory.add(Item as never) }),
      "kind of add must be a window",
    ],
    "an id that isn't text": [
      rulesWith({ Put: (_, memory) => memory.insert(Item, 7 as never, { value: 1 }) }),
      "id of item must be text",
    ],
    "an id that is too long": [
      rulesWith({ Put: (_, memory) => memory.insert(Item, "x".repeat(257), { value: 1 }) }),
      "id of item must be at most 256 bytes",
    ],
    "a sample that is no number": [
      rulesWith({ Put: (_, memory) => memory.add(Recent, { value: Infinity }) }),
      "value of sample of recent must be a finite number",
    ],
    "a moment that is no number": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item)
              .dueAt(() => NaN)
              .then(() => undefined),
          ],
        },
      ),
      "what dueAt returns must be",
    ],
    "a value to fire on that is none": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item)
              .refireOn(() => ({}) as never)
              .then(() => undefined),
          ],
        },
      ),
      "what refireOn returns must be",
    ],
    "an alert of Tidemark's types": [
      rulesWith(
        { Put: put },
        {
          rules: [
            rule("bad")
              .when("item", Item)
              .then((_, act) => act.alert({ type: "rules.fired" })),
          ],
        },
      ),
      "type of an alert must be one that isn't Tidemark's",
    ],
    "a command to somebody who isn't named": [
      rulesWith(
        { Put: put },
        {
          targets: [],
          rules: [
            rule("bad")
              .when("item", Item)
              .then((_, act) => act.send(Plain, "a", { type: "Do", data: { n: 1 } })),
          ],
        },
      ),
      "target of send must be one that targets of rule set steps names",
    ],
    "rules without an end": [
      rulesWith(
        { Put: put },
        {
          limits: { firingsMax: 20 },
          rules: [
            rule("on")
              .when("item", Item)
              .refireOn(({ item }) => item.value)
              .then((_, act) => void act.update(Item, "a", ({ value }) => ({ value: value + 1 }))),
          ],
        },
      ),
      "session s of rule set steps needs more than firingsMax (20) allows (Put at position 1)",
    ],
    "rules without an end in time": [
      rulesWith(
        { Put: put },
        {
          limits: { firingsMax: 20 },
          rules: [
            rule("on")
              .when("item", Item)
              .dueAt(() => 50)
              .refireOn(({ item }) => item.value)
              .then((_, act) => void act.update(Item, "a", ({ value }) => ({ value: value + 1 }))),
          ],
        },
      ),
      "firingsMax (20)",
    ],
    "too many facts": [
      rulesWith(
        {
          Put: (_, memory) => {
            for (let at = 0; at < 6; at++) memory.insert(Item, String(at), { value: at });
          },
        },
        { limits: { factsMax: 5 } },
      ),
      "factsMax (5)",
    ],
    "too many samples": [
      rulesWith(
        {
          Put: (_, memory) => {
            for (let at = 0; at < 6; at++) memory.add(Recent);
          },
        },
        { limits: { samplesMax: 5 } },
      ),
      "samplesMax (5)",
    ],
    "too many labels": [
      rulesWith(
        {
          Put: (_, memory) => {
            for (let at = 0; at < 6; at++) memory.add(Labels, { label: String(at) });
          },
        },
        { limits: { samplesMax: 5 } },
      ),
      "samplesMax (5)",
    ],
    "too many matches": [
      rulesWith(
        {
          Put: (_, memory) => {
            for (let at = 0; at < 3; at++) memory.insert(Item, String(at), { value: at });
          },
        },
        {
          limits: { matchesMax: 8 },
          rules: [
            rule("pairs")
              .when("a", Item)
              .when("b", Item)
              .lasting(5)
              .then(() => undefined),
          ],
        },
      ),
      "matchesMax (8)",
    ],
    "an event that is too large": [
      rulesWith({
        Put: (_, memory) => {
          for (let at = 0; at < 5_000; at++) memory.insert(Item, `id-${at}`, { value: at });
        },
      }),
      "data of event rules.stepped must be at most 262144 bytes",
    ],
  };

  it.each(Object.entries(cases))(
    "is %s: nothing of the step is recorded but that",
    (_, [rules, problem]) => {
      const session = new RulesSession(rules);
      expect(typesOf(session.event(event("Put", { id: "a" }, 0)).slice(0, 1))).toEqual(
        session.state.status === "parked" ? ["parked"] : ["stepped"],
      );
      if (session.state.status === "active") session.wake(1_000);
      expect(session.state.status).toBe("parked");
      expect(session.state.problem).toContain(problem);
      expect(session.state.firing).toBe(0);
      session.restart();
    },
  );

  it("is the working memory, used after its handler has returned", () => {
    let kept: WorkingMemory | undefined;
    const rules = rulesWith({
      Put: (_, memory) => {
        kept = memory;
      },
      Drop: () => kept?.insert(Item, "a", { value: 1 }),
    });
    const session = new RulesSession(rules);
    session.event(event("Put"));
    session.event(event("Drop"));
    expect(session.state.problem).toContain(
      "working memory must be used before its handler returns",
    );
  });

  it("isn't what went before: it goes on as if it hadn't been tried", () => {
    let isBad = true;
    const rules = rulesWith(
      {
        Put: (data, memory) => {
          put(data, memory);
          memory.add(Recent);
          if (isBad && data.value === 1) throw new Error("bad");
        },
      },
      { rules: [seen] },
    );
    const session = new RulesSession(rules);
    const other = new RulesSession(rules);
    session.event(event("Put", { id: "a" }));
    other.event(event("Put", { id: "a" }));
    const input = session.input(event("Put", { id: "b", value: 1 }));
    session.take(input);
    isBad = false;
    session.command({
      type: "release",
      data: { hand: {}, events: session.state.kept.map((kept) => ({ kept, input })) },
    });
    other.take(input);
    expect(session.facts()).toEqual(other.facts());
    expect(session.fired()).toEqual(other.fired());
    expect({ ...session.state, step: 0 }).toEqual({ ...other.state, step: 0 });
  });
});

describe("the memory of firings", () => {
  it("is bounded: how often a match has fired is forgotten where thousands have since", () => {
    const session = new RulesSession(rulesWith({ Put: put, Drop: drop }, { rules: [seen] }));
    const nth = (id: string) => {
      session.event(event("Drop", { id }));
      session.event(event("Put", { id }));
      return session.fired().at(-1)?.nth;
    };
    expect([nth("a"), nth("a"), nth("b")]).toEqual([1, 2, 1]);
    for (let index = 0; index < 1_500; index++) {
      session.event(event("Put", { id: `x${index}` }));
      session.event(event("Drop", { id: `x${index}` }));
    }
    expect([nth("a"), nth("b")]).toEqual([3, 2]);
    for (let index = 0; index < 2_500; index++) {
      session.event(event("Put", { id: `y${index}` }));
      session.event(event("Drop", { id: `y${index}` }));
    }
    expect(nth("b")).toBe(1);
    session.restart();
  });
});
