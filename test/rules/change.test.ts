/** What becomes of a session when its rule set changes: it carries over, or takes over what a replay of history has made. */
import fc from "fast-check";
import {
  counter,
  fact,
  rule,
  ruleSet,
  sequence,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type RuleSet,
  type WorkingMemory,
} from "tidemark";
import { describe, expect, it } from "vitest";
import { mapEntries, type PersistentMap } from "../../src/rules/persistent-map.js";
import { NEW_SESSION, replayInput, type SessionState } from "../../src/rules/index.js";
import { Plain, type PlainEvent } from "../support/plain-source.js";
import { eventOf, inputs, rulesOf, ruleSetSpec, timed } from "../support/random-rules.js";
import { RulesSession, typesOf } from "../support/rules-session.js";

const RUNS = Number(process.env.RULE_RUNS ?? 150);

interface Told {
  readonly data: { readonly id?: string; readonly value?: number };
}
type Options = Partial<Parameters<typeof ruleSet>[0]>;
const Item = fact<{ readonly value: number }>("item");
const Found = fact<{ readonly value: number }>("found");
const versionOf = (version: number, options: Options): RuleSet =>
  ruleSet({
    name: "changing",
    version,
    from: [Plain],
    facts: [Item, Found],
    on: {
      Put: ({ data: { id = "", value = 0 } }: Told, memory: WorkingMemory) =>
        memory.insert(Item, id, { value }),
      Drop: ({ data: { id = "" } }: Told, memory: WorkingMemory) => void memory.retract(Item, id),
    } as object,
    rules: [],
    ...options,
  });
const above = (name: string, limit: number) =>
  rule<{ type: "Above"; data: { of: string; limit: number } }>(name)
    .when("item", Item, ({ value }) => value > limit)
    .then((_, act) => act.alert({ type: "Above", data: { of: act.match[0]?.id ?? "", limit } }));
const put = (id: string, value: number, atMs: number) => ({
  type: "Put",
  data: { id, value },
  atMs,
});

describe("a session that carries over", () => {
  it("looks at all facts with the new rules: what has fired doesn't fire again, what holds now does", () => {
    const session = new RulesSession(versionOf(1, { rules: [above("high", 10)] }));
    session.event(put("a", 20, 1));
    session.event(put("b", 7, 2));
    session.restart(versionOf(2, { rules: [above("high", 5), above("other", 15)] }));
    const events = session.event(put("c", 0, 9));
    expect(typesOf(events)).toEqual(["stepped", "fired", "Above", "fired", "Above"]);
    expect(
      session.fired().map(({ rule: name, key, version, atMs }) => [name, key, version, atMs]),
    ).toEqual([
      ["high", "a", 1, 1],
      ["high", "b", 2, 2],
      ["other", "a", 2, 2],
    ]);
    expect(session.state.version).toBe(2);
    session.restart();
    expect(session.event(put("c", 0, 10))).toHaveLength(1);
    // What doesn't hold by the new rules any more is forgotten: it fires again when it does.
    session.restart(versionOf(3, { rules: [above("high", 50)] }));
    session.event(put("c", 1, 11));
    session.restart(versionOf(4, { rules: [above("high", 10)] }));
    session.event(put("c", 2, 12));
    expect(session.fired().at(-1)).toMatchObject({ rule: "high", key: "a", nth: 2 });
  });

  it("does so with its next input, also when that is time, or has no effect", () => {
    for (const input of ["wake", "event"] as const) {
      const session = new RulesSession(versionOf(1, {}));
      session.event(put("a", 20, 1));
      session.restart(versionOf(2, { rules: [above("high", 10)] }));
      if (input === "wake") session.wake(5);
      else session.event({ type: "Drop", data: { id: "x" }, atMs: 5 });
      expect(session.alerts()).toHaveLength(1);
      expect(session.state).toMatchObject({ version: 2, clockMs: 1 });
    }
  });

  it("drops kinds, windows, sequences and rules that are no more, with what they concluded", () => {
    const Quick = sequence<PlainEvent>("quick", { steps: ["Put", "Drop"], withinMs: 1_000 });
    const concluding = rule("concluding")
      .when("item", Item)
      .then((_, act) => act.conclude(Found, "x", { value: 1 }));
    const before = versionOf(1, {
      facts: [Item, Found, Quick],
      rules: [concluding, above("high", 10)],
    });
    const session = new RulesSession(before);
    session.event(put("a", 20, 1));
    expect(Object.keys(session.state.matches).sort()).toEqual(["concluding", "high"]);
    expect(Object.keys(session.state.partials)).toEqual(["quick"]);
    session.restart(versionOf(2, { rules: [above("high", 10)] }));
    session.event(put("b", 0, 2));
    expect(session.facts().map(({ id }) => id)).toEqual(["a", "b"]);
    expect(Object.keys(session.state.matches)).toEqual(["high"]);
    expect(session.state.partials).toEqual({});
    session.restart(versionOf(3, { facts: [Found], on: {}, rules: [] }));
    session.wake(5);
    expect(session.state).toMatchObject({ facts: {}, matches: {} });
    session.restart();
  });

  it("lets what waits wait on, from when it has", () => {
    const waiting = (ms: number) =>
      rule<{ type: "Waited" }>("waiting")
        .when("item", Item)
        .lasting(ms)
        .then((_, act) => act.alert({ type: "Waited" }));
    const session = new RulesSession(versionOf(1, { rules: [waiting(100)] }));
    session.event(put("a", 1, 0));
    session.restart(versionOf(2, { rules: [waiting(300)] }));
    session.event(put("b", 1, 50));
    session.wake(1_000);
    expect(session.fired().map(({ key, atMs }) => [key, atMs])).toEqual([
      ["a", 300],
      ["b", 350],
    ]);
  });
});

/** Without the numbers of firings: those of a replay are other ones. */
function unnumbered<T>(value: T): T {
  const text = JSON.stringify(value, (key, each: unknown) => (key === "firing" ? 0 : each));
  return JSON.parse(text) as T;
}

/** What a state says, whatever the order in which its maps were filled. */
function said(state: SessionState) {
  const { facts, windows, partials, matches, runs, clockMs, seq, late } = unnumbered(state);
  const all = <T>(maps: Readonly<Record<string, PersistentMap<T>>>) =>
    Object.entries(maps)
      .map(([name, map]) => [name, mapEntries(map)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  const labelled = all(windows).map(([name, entries]) => [
    name,
    entries.map(([id, window]) => [
      id,
      "labels" in window ? { ...window, labels: mapEntries(window.labels) } : window,
    ]),
  ]);
  return {
    facts: all(facts),
    windows: labelled,
    partials: all(partials),
    matches: all(matches),
    runs: [mapEntries(runs.newer), mapEntries(runs.older)],
    rest: [clockMs, seq, late],
  };
}

describe("a session that takes over the state of a replay", () => {
  it("has that state, and goes on as the replay would have: with nothing fired again", () => {
    let fired = 0;
    fc.assert(
      fc.property(ruleSetSpec, ruleSetSpec, inputs, fc.nat(24), (oldSpec, spec, specs, cut) => {
        const rules = rulesOf({ ...spec, latenessMs: oldSpec.latenessMs }, { version: 2 });
        const session = new RulesSession(rulesOf(oldSpec));
        let replayed: SessionState = { ...NEW_SESSION };
        const all = timed(specs, oldSpec.latenessMs);
        const events = all.map((input) => session.input(eventOf(input)));
        for (const input of events.slice(0, cut)) {
          session.take(input);
          replayed = replayInput(rules, "s", replayed, input).state;
        }
        const position = Math.max(session.state.position, replayed.position, cut);
        const pending = session.state.commands;
        session.restart(rules);
        const limits = { eventDataBytesMax: 600, commitEventsMax: 1_000, nestingDepthMax: 32 };
        const { firing, step } = session.state;
        const adopted = session.command({
          type: "adopt",
          data: { version: 2, position, state: replayed, limits },
        });
        expect(new Set(typesOf(adopted))).toEqual(new Set(["adopted"]));
        expect(said(session.state)).toEqual(said(replayed));
        expect(session.state).toMatchObject({ position, step, status: "active", kept: [] });
        expect(session.state.commands).toEqual(pending);
        expect(session.state.timers.length).toBe(replayed.timers.length);
        expect(session.state.firing).toBe(Math.max(firing, replayed.firing));
        session.restart();
        for (const input of events.slice(cut)) {
          const before = session.fired().length;
          session.take(input);
          const { state, fired: again } = replayInput(rules, "s", replayed, input);
          replayed = state;
          if (session.state.status === "parked") return;
          const shown = ({
            rule: name,
            key,
            nth,
            atMs,
            alerts,
            facts,
          }: (typeof again)[number]["record"]) => ({
            name,
            key,
            nth,
            atMs,
            alerts,
            facts,
          });
          expect(unnumbered(session.fired().slice(before).map(shown))).toEqual(
            unnumbered(again.map(({ record }) => shown(record))),
          );
          expect(said(session.state)).toEqual(said(replayed));
          fired += again.length;
        }
      }),
      { numRuns: RUNS },
    );
    expect(fired).toBeGreaterThan(0);
  });

  it("takes over large windows in parts, labels and all", () => {
    const kinds = [
      slidingWindow("sliding", { sizeMs: 1_000_000 }),
      tumblingWindow("tumbling", { sizeMs: 1_000_000 }),
      sessionWindow("session", { gapMs: 1_000 }),
      counter("counter"),
    ] as const;
    const large = (version: number) =>
      versionOf(version, {
        facts: kinds,
        on: {
          Add: (
            { data }: { data: { label: string } },
            memory: { add(kind: unknown, sample: unknown): void },
          ) => {
            for (const kind of kinds) memory.add(kind, { label: data.label, group: "g" });
          },
        } as object,
      });
    let replayed: SessionState = { ...NEW_SESSION };
    const session = new RulesSession(large(1));
    for (let at = 1; at <= 2_000; at++) {
      const label = `label ${at % 700}`;
      const input = session.input({ type: "Add", data: { label }, atMs: at });
      replayed = replayInput(large(2), "s", replayed, input).state;
    }
    session.restart(large(2));
    const limits = { eventDataBytesMax: 10_000, commitEventsMax: 1_000, nestingDepthMax: 32 };
    const data = { version: 2, position: 2_000, state: replayed, limits };
    expect(session.command({ type: "adopt", data }).length).toBeGreaterThan(5);
    expect(said(session.state)).toEqual(said(replayed));
    session.restart();
  });

  it("begins anew where the replay has no such session, and keeps the ids of its commands apart", () => {
    const sending = rule("sending")
      .when("item", Item)
      .then((_, act) => act.send(Plain, "p", { type: "Do", data: { n: 1 } }));
    const options = { rules: [sending], targets: [Plain] };
    const session = new RulesSession(versionOf(1, options));
    session.event(put("a", 1, 1));
    session.event(put("b", 1, 2));
    session.restart(versionOf(2, options));
    session.command({ type: "adopt", data: { version: 2, position: 2 } });
    expect(session.facts()).toEqual([]);
    session.event(put("a", 1, 3));
    expect(session.state.commands.map(({ id }) => id)).toEqual([
      "changing/s#1.0",
      "changing/s#2.0",
      "changing/s#3.0",
    ]);
    expect(session.fired().at(-1)).toMatchObject({ key: "a", nth: 1, firing: 3 });
    session.restart();
  });

  it("goes on where it was parked, without what it kept; not where it has more than the replay", () => {
    const session = new RulesSession(versionOf(1, { rules: [above("high", 0)] }));
    session.event(put("a", 1, 1));
    session.command({ type: "park", data: {} });
    session.event(put("b", 1, 2));
    session.restart(versionOf(2, {}));
    expect(session.command({ type: "adopt", data: { version: 2, position: 1 } })).toBe(
      "replay-behind",
    );
    session.command({ type: "adopt", data: { version: 2, position: 2 } });
    expect(session.state).toMatchObject({ status: "active", problem: "", kept: [], position: 2 });
    expect(session.event({ ...put("b", 1, 2), position: 2 })).toEqual([]);
    session.restart();
  });
});

describe("a replay", () => {
  it("fires what a session fires, and says what fails without doing anything", () => {
    fc.assert(
      fc.property(ruleSetSpec, inputs, (spec, specs) => {
        const rules = rulesOf(spec);
        const session = new RulesSession(rules);
        let state: SessionState = { ...NEW_SESSION };
        for (const told of timed(specs, spec.latenessMs)) {
          const input = session.input(eventOf(told));
          const before = session.fired().length;
          const alerts = session.alerts().length;
          const sent = session.state.commands.length;
          session.take(input);
          const replayed = replayInput(rules, "s", state, input);
          if (session.state.status === "parked") {
            expect(replayed).toEqual({ state, fired: [], problem: session.state.problem });
            return;
          }
          ({ state } = replayed);
          expect(replayed.fired.map(({ record }) => record)).toEqual(session.fired().slice(before));
          expect(replayed.fired.flatMap((each) => each.alerts)).toEqual(
            session.alerts().slice(alerts),
          );
          const commands = replayed.fired.flatMap((each) => each.commands);
          expect(commands).toEqual(session.state.commands.slice(sent));
          expect({ ...state, commands: [] }).toEqual({ ...session.state, commands: [] });
        }
      }),
      { numRuns: RUNS },
    );
  });
});
