/**
 * Whatever the rules and whatever comes: the same firings in the same order, and the same facts, as where everything is looked for from
 * scratch after each change; whether or not the session is in memory; and the state is the fold of what was recorded.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import { throughCodec } from "../../journal/index.js";
import type { SessionState } from "../../src/rules/index.js";
import { Endless, NaiveRules } from "../support/naive-rules.js";
import {
  eventOf,
  FIRINGS_MAX,
  giveNaive,
  inputs,
  rulesOf,
  ruleSetSpec,
  timed,
} from "../support/random-rules.js";
import { RulesSession } from "../support/rules-session.js";

const RUNS = Number(process.env.RULE_RUNS ?? 400);

it("fires as if all matches were looked for from scratch after each change", () => {
  let firings = 0;
  let parked = 0;
  fc.assert(
    fc.property(ruleSetSpec, inputs, (spec, specs) => {
      const naive = new NaiveRules(spec.rules, spec.windows, FIRINGS_MAX);
      const session = new RulesSession(rulesOf(spec));
      for (const input of timed(specs, spec.latenessMs)) {
        session.event(eventOf(input));
        try {
          giveNaive(naive, input);
        } catch (error) {
          if (!(error instanceof Endless)) throw error;
          expect(session.state.status).toBe("parked");
          parked += 1;
          return;
        }
        expect(session.state.problem).toBe("");
        expect(session.facts().map(({ kind, id, data }) => [kind, id, data])).toEqual(naive.all());
        expect(firedBy(session)).toEqual(naive.fired);
      }
      firings += naive.fired.length;
    }),
    { numRuns: RUNS },
  );
  expect(firings).toBeGreaterThan(0);
  expect(parked).toBeGreaterThan(0);
});

it("records the same whether or not it remembers more than its state, and is the fold of that", () => {
  fc.assert(
    fc.property(ruleSetSpec, inputs, fc.nat(24), (spec, specs, restartAt) => {
      const rules = rulesOf(spec);
      const warm = new RulesSession(rules);
      const cold = new RulesSession(rules, { cold: true });
      let folded = rules.behavior.initialState("s") as SessionState;
      timed(specs, spec.latenessMs).forEach((input, index) => {
        const before = warm.events.length;
        warm.event(eventOf(input));
        cold.event(eventOf(input));
        if (index === restartAt) warm.restart();
        for (const { type, data } of throughCodec(warm.events.slice(before)))
          folded = rules.behavior.evolve(folded, type, data) as SessionState;
        expect(folded).toEqual(warm.state);
        expect(cold.state).toEqual(warm.state);
      });
      expect(cold.events).toEqual(warm.events);
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
});

it("fires the same, and at the same moments, whether time comes by wakes or with the next event", () => {
  let woken = 0;
  const wakes = fc.array(fc.tuple(fc.nat(24), fc.nat(30)), { maxLength: 20 });
  fc.assert(
    fc.property(ruleSetSpec, inputs, wakes, (spec, specs, when) => {
      const rules = rulesOf(spec);
      const plain = new RulesSession(rules);
      const waking = new RulesSession(rules);
      const all = timed(specs, spec.latenessMs);
      all.forEach((input, index) => {
        for (const [at, earlierMs] of when)
          if (at === index) {
            // No further than the next event's watermark: what time brings then comes before the event anyway.
            const toMs = input.watermarkMs - earlierMs + spec.latenessMs;
            if (waking.wake(toMs).length > 0) woken += 1;
          }
        plain.event(eventOf(input));
        waking.event(eventOf(input));
        const of = (session: RulesSession) =>
          session.facts().map(({ kind, id, data }) => [kind, id, data]);
        if (plain.state.status === "active") expect(of(waking)).toEqual(of(plain));
      });
      if (plain.state.status === "active") expect(waking.fired()).toEqual(plain.fired());
    }),
    { numRuns: Math.ceil(RUNS / 2) },
  );
  expect(woken).toBeGreaterThan(0);
});

function firedBy(session: RulesSession) {
  const told = session.events.filter(({ type }) => type === "rules.fired" || type === "Alert");
  const fired: { rule: string; key: string; nth: number; atMs: number; alerts: unknown[] }[] = [];
  for (const { type, data } of told)
    if (type === "Alert") fired.at(-1)!.alerts.push(data);
    else {
      const { rule, key, nth, atMs } = data as (typeof fired)[number];
      fired.push({ rule, key, nth, atMs, alerts: [] });
    }
  return fired;
}
