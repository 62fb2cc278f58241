/** Random rule sets and inputs, as data; and the rule set and the naive engine that they are to. */
import fc from "fast-check";
import {
  aggregate,
  fact,
  rule,
  ruleSet,
  signal,
  slidingWindow,
  tumblingWindow,
  type Kind,
} from "tidemark";
import type { Act, FactKind, RuleSet } from "../../src/rules/index.js";
import {
  dueOf,
  nameOf,
  NaiveRules,
  refOf,
  valueOf,
  type ActionSpec,
  type Data,
  type PatternSpec,
  type RuleSpec,
  type Windows,
} from "./naive-rules.js";

export interface RuleSetSpec {
  readonly rules: readonly RuleSpec[];
  readonly windows: Windows;
  readonly latenessMs: number;
}

export type InputSpec = {
  readonly afterMs: number;
  readonly lateMs: number;
  readonly skipMs: number;
} & (
  | {
      readonly do: "put";
      readonly kind: string;
      readonly id: string;
      readonly data: Data;
      readonly ttlMs: number;
    }
  | { readonly do: "del"; readonly kind: string; readonly id: string }
  | { readonly do: "signal"; readonly data: Data }
  | { readonly do: "add"; readonly value: number; readonly group: string; readonly agoMs: number }
  | { readonly do: "nothing" }
);

export const FIRINGS_MAX = 30;
const IDS = ["a", "b", "c"] as const;

export const Source = aggregate<
  object,
  { type: "Do" },
  | { type: "Put"; data: Extract<InputSpec, { do: "put" }> }
  | { type: "Del"; data: Extract<InputSpec, { do: "del" }> }
  | { type: "Signal"; data: { data: Data } }
  | { type: "Add"; data: Extract<InputSpec, { do: "add" }> }
  | { type: "Nothing" }
>({
  name: "source",
  initialState: () => ({}),
  decide: { Do: () => [] },
  evolve: {
    Put: (state) => state,
    Del: (state) => state,
    Signal: (state) => state,
    Add: (state) => state,
    Nothing: (state) => state,
  },
});

const value = fc.nat(2);
/** Those that are there most of the time, most of the time. */
const anyKind = fc.constantFrom("A", "A", "A", "B", "B", "D", "D", "E", "C", "S", "W", "T");
const data: fc.Arbitrary<Data> = fc.record({
  v: value,
  w: fc.nat(120),
  ref: fc.constantFrom(...IDS),
});

const pattern = (mode: PatternSpec["mode"]): fc.Arbitrary<PatternSpec> =>
  fc.record(
    {
      mode: fc.constant(mode),
      kind: anyKind,
      // Seldom, or hardly anything would match.
      eq: fc.oneof(fc.constant(-1), fc.constant(-1), value),
      joined: fc.constantFrom(false, false, true),
      byId: fc.constantFrom(false, false, false, true),
      ...(mode === "collect" ? { min: fc.nat(3) } : {}),
    },
    { requiredKeys: ["mode", "kind"] },
  );

const concluded = fc.constantFrom("D", "E");
const inserted = fc.constantFrom("A", "B", "C", "D");
const id = fc.constantFrom(...IDS);
const action: fc.Arbitrary<ActionSpec> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ do: "alert" as const }) },
  {
    weight: 4,
    arbitrary: fc.record(
      { do: fc.constant("conclude" as const), kind: concluded, id },
      { requiredKeys: ["do", "kind"] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      { do: fc.constantFrom("insert" as const, "update" as const), kind: inserted, id },
      { requiredKeys: ["do", "kind"] },
    ),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("retract" as const), kind: inserted, id }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      { do: "signal" as const },
      { do: "add" as const },
      { do: "send" as const },
    ),
  },
);

const ruleSpec: fc.Arbitrary<RuleSpec> = fc.record(
  {
    patterns: fc
      .tuple(
        fc.oneof(
          { weight: 6, arbitrary: pattern("when") },
          { weight: 1, arbitrary: pattern("collect") },
        ),
        fc.array(fc.oneof(pattern("when"), pattern("without"), pattern("collect")), {
          maxLength: 2,
        }),
      )
      .map(([first, rest]) => [first, ...rest]),
    salience: fc.constantFrom(0, 0, 0, 5, -5),
    timed: fc.oneof(
      fc.record({ lasting: fc.integer({ min: 1, max: 40 }) }),
      fc.constant("due" as const),
    ),
    refire: fc.boolean(),
    actions: fc.array(action, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ["patterns", "salience", "refire", "actions"] },
);

export const ruleSetSpec: fc.Arbitrary<RuleSetSpec> = fc.record({
  rules: fc.array(ruleSpec, { minLength: 1, maxLength: 6 }),
  windows: fc.record({
    sliding: fc.record({ sizeMs: fc.integer({ min: 1, max: 40 }), prompt: fc.boolean() }),
    tumbling: fc.record({ sizeMs: fc.integer({ min: 5, max: 40 }) }),
  }),
  latenessMs: fc.constantFrom(0, 0, 10),
});

const times = {
  afterMs: fc.oneof(fc.nat(3), fc.nat(20)),
  /** How much earlier than the latest it says that it happened. */
  lateMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(25) }),
  /** How far the events of others are ahead. */
  skipMs: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(15) }),
};
const kind = fc.constantFrom("A", "B", "C");
export const inputs: fc.Arbitrary<readonly InputSpec[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        ...times,
        do: fc.constant("put" as const),
        kind: fc.constantFrom("A", "A", "A", "B", "B", "C", "D"),
        id,
        data,
        ttlMs: fc.oneof(fc.constant(0), fc.constant(0), fc.integer({ min: 1, max: 40 })),
      }),
    },
    { weight: 3, arbitrary: fc.record({ ...times, do: fc.constant("del" as const), kind, id }) },
    { weight: 1, arbitrary: fc.record({ ...times, do: fc.constant("signal" as const), data }) },
    {
      weight: 2,
      arbitrary: fc.record({
        ...times,
        do: fc.constant("add" as const),
        value,
        group: fc.constantFrom("", "g"),
        agoMs: fc.oneof(fc.constant(0), fc.nat(30)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ ...times, do: fc.constant("nothing" as const) }) },
  ),
  { minLength: 5, maxLength: 25, size: "max" },
);

/** An input with its moments. */
export interface TimedInput {
  readonly spec: InputSpec;
  readonly atMs: number;
  readonly watermarkMs: number;
}

/** Times go on; some say that they happened earlier, and events of other sessions may be ahead. */
export function timed(specs: readonly InputSpec[], latenessMs: number): readonly TimedInput[] {
  let latestMs = 0;
  return specs.map((spec) => {
    latestMs += spec.afterMs;
    const atMs = Math.max(0, latestMs - spec.lateMs);
    latestMs += spec.skipMs;
    return { spec, atMs, watermarkMs: latestMs - latenessMs };
  });
}

export function eventOf({ spec, atMs, watermarkMs }: TimedInput) {
  const type = `${spec.do.charAt(0).toUpperCase()}${spec.do.slice(1)}`;
  return { type, data: spec, atMs, watermarkMs };
}

/** What the rule set's handlers do, done to the naive engine. */
export function giveNaive(naive: NaiveRules, { spec, atMs, watermarkMs }: TimedInput): void {
  naive.event(atMs, watermarkMs, () => {
    switch (spec.do) {
      case "put":
        naive.state(
          spec.kind,
          spec.id,
          spec.data,
          spec.ttlMs === 0 ? undefined : atMs + spec.ttlMs,
        );
        break;
      case "del":
        naive.retract(spec.kind, spec.id);
        break;
      case "signal":
        naive.signal(spec.data);
        break;
      case "add":
        naive.add(spec.value, spec.group, atMs - spec.agoMs);
        break;
      case "nothing":
        break;
    }
  });
}

/** Calls of predicates so far. */
export const calls = { count: 0 };

export function rulesOf(spec: RuleSetSpec, changes: { readonly version?: number } = {}): RuleSet {
  const facts = { A: fact<Data>("A"), B: fact<Data>("B"), C: fact<Data>("C") };
  const conclusions = { D: fact<Data>("D"), E: fact<Data>("E") };
  const Signal = signal<Data>("S");
  const Sliding = slidingWindow("W", spec.windows.sliding);
  const Tumbling = tumblingWindow("T", spec.windows.tumbling);
  const kinds: Readonly<Record<string, Kind>> = {
    ...facts,
    ...conclusions,
    S: Signal,
    W: Sliding,
    T: Tumbling,
  };
  const factKind = (name: string) => kinds[name] as FactKind<Data>;
  const act = (action: ActionSpec, p0: unknown, bound: object, doing: Act) => {
    const v = Array.isArray(p0) ? p0.length : valueOf(p0);
    const made: Data = { v: v % 4, w: 0, ref: "a" };
    switch (action.do) {
      case "alert":
        doing.alert({ type: "Alert", data: bound });
        break;
      case "conclude":
        doing.conclude(factKind(action.kind), action.id ?? `x${v}`, made);
        break;
      case "insert":
        doing.insert(factKind(action.kind), action.id ?? `x${v}`, made);
        break;
      case "update":
        doing.update(factKind(action.kind), action.id ?? `x${v}`, (old) => ({
          ...old,
          v: (old.v + 1) % 4,
        }));
        break;
      case "retract":
        doing.retract(factKind(action.kind), action.id);
        break;
      case "signal":
        doing.signal(Signal, made);
        break;
      case "add":
        doing.add(Sliding, { value: v });
        doing.add(Tumbling, { value: v });
        break;
      case "send":
        doing.send(Source, "e", { type: "Do" });
    }
  };
  const rules = spec.rules.map((each, index) => {
    // Patterns are random: what they bind isn't known to the compiler.
    let builder = rule(nameOf(index)).salience(each.salience) as unknown as AnyBuilder;
    each.patterns.forEach((pattern, place) => {
      const where = (given: unknown, { p0 }: { p0?: unknown }) => {
        calls.count += 1;
        if ((pattern.eq ?? -1) >= 0 && valueOf(given) !== pattern.eq) return false;
        if (p0 === undefined || Array.isArray(p0)) return true;
        return pattern.joined !== true || valueOf(given) === valueOf(p0);
      };
      const isFirst = place === 0 || each.patterns[0]?.mode === "collect";
      const byId = pattern.byId === true && !isFirst;
      const id = byId ? { id: ({ p0 }: { p0?: unknown }) => refOf(p0) } : {};
      const options = { where, ...id };
      const kind = kinds[pattern.kind]!;
      if (pattern.mode === "without") builder = builder.without(kind, options);
      else if (pattern.mode === "when") builder = builder.when(`p${place}`, kind, options);
      else
        builder = builder.collect(`p${place}`, kind, {
          ...options,
          having: (all: readonly unknown[]) => all.length >= (pattern.min ?? 0),
        });
    });
    const { timed: time } = each;
    if (time === "due") builder = builder.dueAt(({ p0 }) => dueOf(p0));
    else if (time !== undefined) builder = builder.lasting(time.lasting);
    if (each.refire)
      builder = builder.refireOn(({ p0 }) => (Array.isArray(p0) ? p0.length : valueOf(p0)));
    return builder.then((bound, doing) => {
      for (const each_ of each.actions) act(each_, bound.p0, bound, doing);
    });
  });
  return ruleSet({
    name: "random",
    version: changes.version ?? 1,
    from: [Source],
    latenessMs: spec.latenessMs,
    facts: Object.values(kinds),
    targets: [Source],
    limits: { firingsMax: FIRINGS_MAX },
    on: {
      Put: ({ data: put, recordedAtMs }, memory) => {
        const { kind: name, id: of, data: given, ttlMs } = put;
        const expiry = ttlMs === 0 ? {} : { expiresAtMs: recordedAtMs + ttlMs };
        memory.insert(factKind(name), of, given, expiry);
      },
      Del: ({ data: { kind: name, id: of } }, memory) => void memory.retract(factKind(name), of),
      Signal: ({ data: { data: given } }, memory) => memory.signal(Signal, given),
      Add: ({ data: { value: added, group, agoMs }, recordedAtMs }, memory) => {
        memory.add(Sliding, { value: added, group, atMs: recordedAtMs - agoMs });
        memory.add(Tumbling, { value: added, atMs: recordedAtMs - agoMs });
      },
      Nothing: () => undefined,
    },
    rules,
  });
}

interface AnyBuilder {
  when(as: string, kind: Kind, options: object): AnyBuilder;
  without(kind: Kind, options: object): AnyBuilder;
  collect(as: string, kind: Kind, options: object): AnyBuilder;
  lasting(ms: number): AnyBuilder;
  dueAt(moment: (bound: { p0?: unknown }) => number | undefined): AnyBuilder;
  refireOn(value: (bound: { p0?: unknown }) => number): AnyBuilder;
  then(
    run: (bound: { p0?: unknown }, act: Act) => void,
  ): ReturnType<ReturnType<typeof rule>["then"]>;
}
