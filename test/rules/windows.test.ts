/** Windows against lists of samples that are looked through from the beginning. */
import fc from "fast-check";
import {
  counter,
  rule,
  ruleSet,
  sessionWindow,
  slidingWindow,
  tumblingWindow,
  type WindowKind,
  type WindowValue,
} from "tidemark";
import { givenRules } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Plain } from "../support/plain-source.js";
import { RulesSession } from "../support/rules-session.js";

const RUNS = Number(process.env.RULE_RUNS ?? 100);

interface Told {
  readonly value: number;
  readonly label: string;
  readonly group: string;
  readonly afterMs: number;
  /** How much earlier than the latest. */
  readonly earlierMs: number;
}
interface Sample extends Told {
  readonly atMs: number;
}

const told = fc.array(
  fc.record({
    value: fc.integer({ min: -5, max: 5 }),
    label: fc.constantFrom("", "a", "b", "c"),
    group: fc.constantFrom("", "g@1"),
    afterMs: fc.oneof(fc.nat(4), fc.nat(30)),
    earlierMs: fc.oneof(fc.constant(0), fc.constant(0), fc.nat(25)),
  }),
  { minLength: 1, maxLength: 120, size: "max" },
);

/** Every add, and each closed window that a rule has seen. */
function rulesWith(window: WindowKind, latenessMs: number) {
  return ruleSet({
    name: "windows",
    from: [Plain],
    latenessMs,
    facts: [window],
    on: {
      Add: ({ data: { value = 0, label = "", group = "" } }, memory) =>
        memory.add(window, { value, group, ...(label === "" ? {} : { label }) }),
    },
    rules: [
      rule<{ type: "Closed"; data: WindowValue }>("closed")
        .when("window", window, ({ closed }) => closed)
        .then(({ window: value }, act) => act.alert({ type: "Closed", data: value })),
    ],
  });
}

/** Gives the samples to a session; after each, what is there is compared with what should be. */
function run(
  window: WindowKind,
  latenessMs: number,
  all: readonly Told[],
  check: (session: RulesSession, taken: readonly Sample[], watermarkMs: number) => void,
): RulesSession {
  const session = new RulesSession(rulesWith(window, latenessMs));
  const taken: Sample[] = [];
  let latestMs = 0;
  for (const each of all) {
    latestMs += each.afterMs;
    const atMs = Math.max(0, latestMs - each.earlierMs);
    const watermarkMs = latestMs - latenessMs;
    taken.push({ ...each, atMs });
    session.event({ type: "Add", data: each, atMs, watermarkMs });
    expect(session.state.problem).toBe("");
    check(session, taken, watermarkMs);
  }
  session.restart();
  return session;
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function valueOf(samples: readonly Sample[], bounds: object = {}): WindowValue {
  const values = samples.map(({ value }) => value);
  const times = samples.map(({ atMs }) => atMs);
  const labels = [...new Set(samples.map(({ label }) => label).filter((label) => label !== ""))];
  return {
    count: values.length,
    sum: sum(values),
    min: Math.min(...values),
    max: Math.max(...values),
    mean: sum(values) / values.length,
    distinct: labels.length,
    ...(labels.length === 0 ? {} : { labels: labels.sort() }),
    firstAtMs: Math.min(...times),
    lastAtMs: Math.max(...times),
    fromMs: Math.min(...times),
    toMs: Math.max(...times),
    closed: false,
    ...bounds,
  };
}

const shown = (session: RulesSession) =>
  Object.fromEntries(session.facts().map(({ id, data }) => [id, data]));

describe("a sliding window", () => {
  it("is what a list of its samples comes to, in and out of order, in time and late", () => {
    let left = 0;
    fc.assert(
      fc.property(
        told,
        fc.integer({ min: 1, max: 60 }),
        fc.constantFrom(0, 10),
        fc.boolean(),
        (all, sizeMs, latenessMs, prompt) => {
          const window = slidingWindow("w", { sizeMs, prompt });
          const inside: Sample[] = [];
          let clockMs = 0;
          run(window, latenessMs, all, (session, taken, watermarkMs) => {
            const sample = taken.at(-1)!;
            // That a sample leaves is a moment of its own.
            const leaving = inside
              .map(({ atMs }) => atMs + sizeMs)
              .filter((ms) => ms < Math.max(watermarkMs, sample.atMs));
            if (prompt) clockMs = Math.max(clockMs, ...leaving);
            clockMs = Math.max(clockMs, sample.atMs);
            if (sample.atMs > clockMs - sizeMs) inside.push(sample);
            const now = inside.filter(({ atMs }) => atMs > clockMs - sizeMs);
            left += taken.length - now.length;
            const groups = [...new Set(now.map(({ group }) => group))];
            const expected = groups.map((group) => [
              group,
              valueOf(now.filter((each) => each.group === group)),
            ]);
            expect(shown(session)).toEqual(Object.fromEntries(expected));
          });
        },
      ),
      { numRuns: RUNS },
    );
    expect(left).toBeGreaterThan(0);
  });

  it("keeps thousands of samples in order, and adds up the same in whatever order they came", () => {
    const sizeMs = 100_000;
    const window = slidingWindow("w", { sizeMs });
    const inOrder = Array.from({ length: 3_000 }, (_, index) => index);
    const shuffled = inOrder.map((index) => (index * 7) % 3_000);
    const values = [inOrder, shuffled].map((order) => {
      const session = new RulesSession(rulesWith(window, sizeMs));
      for (const at of order)
        session.event({ type: "Add", data: { value: at }, atMs: at, watermarkMs: 0 });
      session.restart();
      return shown(session)[""];
    });
    expect(values[0]).toMatchObject({ count: 3_000, sum: 4_498_500, min: 0, max: 2_999 });
    expect(values[1]).toEqual(values[0]);
  });

  it("that is prompt tells of each sample that leaves; another one only when something else happens", () => {
    const seen = (prompt: boolean) => {
      const window = slidingWindow("w", { sizeMs: 100, prompt });
      const low = rule<{ type: "Low"; data: { count: number } }>("low")
        .when("w", window, ({ count }) => count === 1)
        .then(({ w }, act) => act.alert({ type: "Low", data: { count: w.count } }));
      const rules = ruleSet({
        name: "prompt",
        from: [Plain],
        facts: [window],
        on: { Add: (_, memory) => memory.add(window), Step: () => undefined },
        rules: [low],
      });
      return givenRules(rules)
        .events([0, 10].map((atMs) => ({ type: "Add", atMs })))
        .time(105)
        .fired()
        .map(({ atMs }) => atMs);
    };
    expect(seen(true)).toEqual([0, 100]);
    expect(seen(false)).toEqual([0]);
  });
});

describe("a tumbling window", () => {
  it("is what its samples come to, closes when the watermark is past its end, and is then closed to late ones", () => {
    let closed = 0;
    fc.assert(
      fc.property(
        told,
        fc.integer({ min: 5, max: 40 }),
        fc.nat(7),
        fc.constantFrom(0, 10),
        (all, sizeMs, offsetMs, latenessMs) => {
          const window = tumblingWindow("t", { sizeMs, offsetMs });
          const fromOf = (atMs: number) =>
            Math.floor((atMs - offsetMs) / sizeMs) * sizeMs + offsetMs;
          const accepted: Sample[] = [];
          const boundsOf = (fromMs: number) => ({ fromMs, toMs: fromMs + sizeMs });
          const session = run(window, latenessMs, all, (now, taken, watermarkMs) => {
            const sample = taken.at(-1)!;
            if (fromOf(sample.atMs) + sizeMs >= watermarkMs) accepted.push(sample);
            const open = accepted.filter(({ atMs }) => fromOf(atMs) + sizeMs >= watermarkMs);
            expect(shown(now)).toEqual(valuesBy(open, fromOf, boundsOf));
          });
          const done = accepted.filter(
            ({ atMs }) =>
              !Object.keys(shown(session)).some((id) => id.endsWith(`@${fromOf(atMs)}`)),
          );
          const expected = Object.values(
            valuesBy(done, fromOf, (fromMs) => ({ ...boundsOf(fromMs), closed: true })),
          );
          expect(
            session
              .alerts()
              .map(({ data }) => data)
              .sort(byBounds),
          ).toEqual(expected.sort(byBounds));
          closed += expected.length;
        },
      ),
      { numRuns: RUNS },
    );
    expect(closed).toBeGreaterThan(0);
  });
});

function valuesBy(
  samples: readonly Sample[],
  fromOf: (atMs: number) => number,
  boundsOf: (fromMs: number) => object,
): Record<string, WindowValue> {
  const groups = grouped(samples, ({ group, atMs }) => `${group}@${fromOf(atMs)}`);
  return Object.fromEntries(
    [...groups].map(([id, those]) => [id, valueOf(those, boundsOf(fromOf(those[0]!.atMs)))]),
  );
}

function grouped(
  samples: readonly Sample[],
  keyOf: (sample: Sample) => string,
): ReadonlyMap<string, readonly Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = keyOf(sample);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  return groups;
}

function byBounds(a: unknown, b: unknown): number {
  const [first, second] = [JSON.stringify(a), JSON.stringify(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

describe("a session window", () => {
  it("lasts as long as samples come, makes one of two that meet, and closes after the gap", () => {
    let joined = 0;
    fc.assert(
      fc.property(
        told,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(0, 15),
        (all, gapMs, latenessMs) => {
          const window = sessionWindow("s", { gapMs });
          /** Runs of samples that aren't closed; each new sample joins all that it is near to. */
          let open: Sample[][] = [];
          const closed: WindowValue[] = [];
          const endOf = (those: readonly Sample[]) =>
            Math.max(...those.map(({ atMs }) => atMs)) + gapMs;
          const startOf = (those: readonly Sample[]) => Math.min(...those.map(({ atMs }) => atMs));
          const value = (those: readonly Sample[]) =>
            valueOf(those, { fromMs: startOf(those), toMs: endOf(those) });
          const session = run(window, latenessMs, all, (now, taken, watermarkMs) => {
            const sample = taken.at(-1)!;
            for (const those of open)
              if (endOf(those) < watermarkMs) closed.push({ ...value(those), closed: true });
            open = open.filter((those) => endOf(those) >= watermarkMs);
            const near = open.filter(
              (those) =>
                those[0]!.group === sample.group &&
                startOf(those) - gapMs <= sample.atMs &&
                sample.atMs <= endOf(those),
            );
            if (near.length > 1) joined += 1;
            if (near.length > 0 || sample.atMs + gapMs >= watermarkMs)
              open = [...open.filter((those) => !near.includes(those)), [...near.flat(), sample]];
            const expected = open.map((those) => [
              `${those[0]!.group}@${startOf(those)}`,
              value(those),
            ]);
            expect(shown(now)).toEqual(Object.fromEntries(expected));
          });
          expect(
            session
              .alerts()
              .map(({ data }) => data)
              .sort(byBounds),
          ).toEqual(closed.sort(byBounds));
        },
      ),
      { numRuns: RUNS },
    );
    expect(joined).toBeGreaterThan(0);
  });
});

describe("a counter", () => {
  it("sums up everything since the beginning, by group", () => {
    fc.assert(
      fc.property(told, (all) => {
        run(counter("c"), 0, all, (session, taken) => {
          const groups = grouped(taken, ({ group }) => group);
          const expected = [...groups].map(([group, those]) => [group, valueOf(those)]);
          expect(shown(session)).toEqual(Object.fromEntries(expected));
        });
      }),
      { numRuns: Math.ceil(RUNS / 3) },
    );
  });
});

describe("a window's fact", () => {
  it("names the first and the newest of the events that brought its samples", () => {
    const window = slidingWindow("w", { sizeMs: 1_000 });
    const events = Array.from({ length: 30 }, (_, index) => ({ type: "Add", atMs: index }));
    const causes = (rules: ReturnType<typeof rulesWith>) => {
      const [fact] = givenRules(rules).events(events).facts();
      return [fact?.causes.map(({ position }) => position), fact?.causesDropped];
    };
    const expected = [[1, ...Array.from({ length: 15 }, (_, index) => 16 + index)], 14];
    expect(causes(rulesWith(window, 0))).toEqual(expected);
    expect(causes(rulesWith(counter("c"), 0))).toEqual(expected);
  });
});
