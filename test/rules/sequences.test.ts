/** Sequences against a search through the list of all events, from every beginning anew. */
import fc from "fast-check";
import { rule, ruleSet, sequence, type SequenceOptions, type SequenceValue } from "tidemark";
import { describe, expect, it } from "vitest";
import { Plain, type PlainEvent } from "../support/plain-source.js";
import { RulesSession } from "../support/rules-session.js";

const RUNS = Number(process.env.RULE_RUNS ?? 500);

type Overlap = "latest" | "first" | "each";
interface Seen {
  readonly type: PlainEvent["type"];
  readonly value: number;
  readonly atMs: number;
}
/** A sequence that is complete: places of its events in the list. */
type Hit = readonly number[];

function rulesWith(options: SequenceOptions<PlainEvent>) {
  const Quick = sequence<PlainEvent>("quick", options);
  return ruleSet({
    name: "sequences",
    from: [Plain],
    latenessMs: 10,
    facts: [Quick],
    on: {},
    rules: [
      rule<{ type: "Quick"; data: SequenceValue<PlainEvent> }>("quick")
        .when("quick", Quick)
        .then(({ quick }, act) => act.alert({ type: "Quick", data: quick })),
    ],
  });
}

const steps = fc.array(fc.constantFrom("Open", "Step", "Close"), { minLength: 2, maxLength: 4 });
const events = fc.array(
  fc.record({
    type: fc.constantFrom("Open", "Step", "Close", "Stop", "Put"),
    value: fc.nat(1),
    afterMs: fc.oneof(fc.nat(3), fc.nat(15)),
    earlierMs: fc.oneof(fc.constant(0), fc.constant(0), fc.constant(0), fc.nat(8)),
  }),
  { maxLength: 40, size: "max" },
);

/** From one beginning: takes each next event that fits, as long as nothing ends it. */
function from(
  start: number,
  all: readonly Seen[],
  types: readonly string[],
  withinMs: number,
): Hit | undefined {
  const hit = [start];
  const first = all[start]!;
  for (let at = start + 1; at < all.length; at++) {
    const event = all[at]!;
    if (event.type === "Stop" && event.atMs >= first.atMs) return undefined;
    if (event.type !== types[hit.length] || event.atMs < all[hit.at(-1)!]!.atMs) continue;
    if (event.atMs - first.atMs > withinMs) continue;
    hit.push(at);
    if (hit.length === types.length) return hit;
  }
  return undefined;
}

function search(
  all: readonly Seen[],
  types: readonly string[],
  withinMs: number,
  overlap: Overlap,
): readonly Hit[] {
  const starts = all.flatMap(({ type }, index) => (type === types[0] ? [index] : []));
  const each = starts
    .map((start) => from(start, all, types, withinMs))
    .filter((hit): hit is Hit => hit !== undefined)
    .sort(byEnd);
  if (overlap === "each") return each;
  // Of those that end with the same event, the one that began last.
  return each.filter((hit, index) => each[index + 1]?.at(-1) !== hit.at(-1));
}

function byEnd(a: Hit, b: Hit): number {
  return a.at(-1)! - b.at(-1)! || a[0]! - b[0]!;
}

function hitsOf(session: RulesSession, all: readonly Seen[]): readonly Hit[] {
  return session
    .alerts()
    .map(({ data }) =>
      (data as SequenceValue<PlainEvent>).events.map((event) =>
        all.findIndex(
          ({ type, atMs, value }) =>
            type === event.type && atMs === event.atMs && value === event.data.value,
        ),
      ),
    );
}

function give(
  rules: ReturnType<typeof rulesWith>,
  all: readonly Seen[],
  cold = false,
): RulesSession {
  const session = new RulesSession(rules, { cold });
  let latestMs = 0;
  for (const { type, value, atMs } of all) {
    latestMs = Math.max(latestMs, atMs);
    session.event({ type, data: { value }, atMs, watermarkMs: latestMs - 10 });
  }
  expect(session.state.problem).toBe("");
  return session;
}

/** Each with a value of its own, so that it is known again; `in order` leaves out what is told too late. */
function seen(
  told: readonly { type: PlainEvent["type"]; afterMs: number; earlierMs: number }[],
): readonly Seen[] {
  let latestMs = 0;
  return told.map(({ type, afterMs, earlierMs }, index) => {
    latestMs += afterMs;
    return { type, value: index, atMs: Math.max(0, latestMs - earlierMs) };
  });
}

describe("a sequence", () => {
  it("with each beginning is found wherever a search from that beginning finds it", () => {
    let found = 0;
    fc.assert(
      fc.property(steps, events, fc.integer({ min: 1, max: 60 }), (types, told, withinMs) => {
        const all = seen(told);
        const without = ["Stop" as const];
        const options = { steps: types, withinMs, without };
        const hits = search(all, types, withinMs, "each");
        const session = give(rulesWith({ ...options, overlap: "each" }), all);
        expect([...hitsOf(session, all)].sort(byEnd)).toEqual(hits);
        const cold = give(rulesWith({ ...options, overlap: "each" }), all, true);
        expect(cold.events).toEqual(session.events);
        found += hits.length;
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(0);
  });

  it("with the latest beginning is found whenever one is, as the one that began last", () => {
    let found = 0;
    fc.assert(
      fc.property(steps, events, fc.integer({ min: 1, max: 60 }), (types, told, withinMs) => {
        // In order of time: one that can't go on for being late would keep its place from others.
        const all = seen(told.map((each) => ({ ...each, earlierMs: 0 })));
        const options = {
          steps: types,
          withinMs,
          without: ["Stop" as const],
        };
        const hits = search(all, types, withinMs, "latest");
        expect(hitsOf(give(rulesWith(options), all), all)).toEqual(hits);
        found += hits.length;
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(0);
  });

  it("with the first beginning is found one after the other", () => {
    let found = 0;
    fc.assert(
      fc.property(steps, events, fc.integer({ min: 1, max: 60 }), (types, told, withinMs) => {
        const all = seen(told.map((each) => ({ ...each, earlierMs: 0 })));
        const options = {
          steps: types,
          withinMs,
          without: ["Stop" as const],
          overlap: "first" as const,
        };
        const hits: Hit[] = [];
        for (let at = 0; at < all.length; at++) {
          if (all[at]!.type !== types[0]) continue;
          const hit = from(at, all, types, withinMs);
          const startMs = all[at]!.atMs;
          const stop = all.findIndex(({ type }, index) => index > at && type === "Stop");
          const late = all.findIndex(({ atMs }) => atMs - startMs > withinMs);
          const ends = [hit?.at(-1) ?? Infinity];
          // Ended by a stop, or by time: what comes then may begin.
          if (hit === undefined && stop >= 0) ends.push(stop);
          if (hit === undefined && late >= 0) ends.push(late - 1);
          if (hit !== undefined) hits.push(hit);
          at = Math.min(...ends);
        }
        expect(hitsOf(give(rulesWith(options), all), all)).toEqual(hits);
        found += hits.length;
      }),
      { numRuns: RUNS },
    );
    expect(found).toBeGreaterThan(0);
  });

  it("asks where with the event and those of the steps before", () => {
    const rules = rulesWith({
      steps: [
        "Open",
        { type: "Step", where: ({ data }, [first]) => data.value === first?.data.value },
        { type: "Close", where: ({ data }, earlier) => data.value === earlier.length },
      ],
      withinMs: 100,
      overlap: "each",
    });
    const session = give(rules, [
      { type: "Open", value: 1, atMs: 0 },
      { type: "Open", value: 2, atMs: 1 },
      { type: "Step", value: 1, atMs: 2 },
      { type: "Close", value: 1, atMs: 3 },
      { type: "Close", value: 2, atMs: 4 },
      { type: "Step", value: 2, atMs: 5 },
      { type: "Close", value: 2, atMs: 6 },
    ]);
    expect(
      session.alerts().map(({ data }) => (data as SequenceValue).events.map(({ atMs }) => atMs)),
    ).toEqual([
      [0, 2, 4],
      [1, 5, 6],
    ]);
    expect(session.fired().map(({ facts }) => facts[0])).toMatchObject([
      { id: "1", causes: [{ position: 1 }, { position: 3 }, { position: 5 }] },
      { id: "2", causes: [{ position: 2 }, { position: 6 }, { position: 7 }] },
    ]);
    session.restart();
  });

  it("is let go once the watermark says that it can't be complete any more", () => {
    const rules = rulesWith({ steps: ["Open", "Close"], withinMs: 100, overlap: "each" });
    const session = new RulesSession(rules);
    session.event({ type: "Open", atMs: 0 });
    session.event({ type: "Open", atMs: 50, watermarkMs: 40 });
    expect(Object.keys(session.state.partials)).toEqual(["quick"]);
    session.event({ type: "Close", atMs: 300, watermarkMs: 290 });
    expect(session.state.partials).toEqual({});
    expect(session.alerts()).toEqual([]);
  });
});
