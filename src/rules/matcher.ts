/** Finds the matches of a rule among the facts, pattern by pattern, each fact that fits giving one way to go on. */
import { InvalidArgumentError } from "../kernel/errors.js";
import type { FactStore, LiveFact } from "./fact-store.js";
import { matchKey } from "./match-key.js";
import type { Bound, Pattern, Rule } from "./rule.js";

/** A match as it was found. */
export interface FoundMatch {
  readonly key: string;
  /** Of its `when`, in order. */
  readonly facts: readonly LiveFact[];
  readonly bound: Bound;
}

/** A fact that a match must have in one place. */
export interface Pin {
  readonly place: number;
  readonly fact: LiveFact;
}

type Visit = (bound: Bound, facts: readonly LiveFact[]) => void;

const NOTHING: Bound = Object.freeze({});
const VALUE_LENGTH_MAX = 256;

/** All matches, or those that have the fact in the place. */
export function findMatches(
  rule: Rule,
  facts: FactStore,
  found: Map<string, FoundMatch>,
  pin?: Pin,
): void {
  search(rule, facts, pin, 0, NOTHING, [], (bound, matched) => {
    const ids = matched.map(({ id }) => id);
    const key = matchKey(ids, refireValue(rule, bound));
    found.set(key, { key, facts: matched, bound });
  });
}

/** What a rule that fires for these facts has bound. */
export function bindingsOf(
  rule: Rule,
  facts: FactStore,
  matched: readonly LiveFact[],
  collected: (pattern: Pattern, found: readonly LiveFact[]) => void,
): Bound {
  let bound = NOTHING;
  let next = 0;
  for (const pattern of rule.patterns) {
    if (pattern.mode === "when") {
      bound = { ...bound, [pattern.as]: matched[next]?.data };
      next += 1;
    } else if (pattern.mode === "collect") {
      const found = fitting(pattern, facts, bound);
      collected(pattern, found);
      bound = { ...bound, [pattern.as]: Object.freeze(found.map(({ data }) => data)) };
    }
  }
  return bound;
}

function search(
  rule: Rule,
  facts: FactStore,
  pin: Pin | undefined,
  place: number,
  bound: Bound,
  matched: readonly LiveFact[],
  visit: Visit,
): void {
  const pattern = rule.patterns[place];
  if (pattern === undefined) {
    visit(bound, matched);
    return;
  }
  const goOn = (next: Bound, with_: readonly LiveFact[]) =>
    search(rule, facts, pin, place + 1, next, with_, visit);
  switch (pattern.mode) {
    case "when": {
      const isPinned = pin?.place === place;
      for (const fact of candidates(pattern, facts, bound, isPinned ? pin.fact : undefined))
        if (fits(pattern, fact, bound))
          goOn({ ...bound, [pattern.as]: fact.data }, [...matched, fact]);
      return;
    }
    case "without":
      for (const fact of candidates(pattern, facts, bound)) if (fits(pattern, fact, bound)) return;
      goOn(bound, matched);
      return;
    case "collect": {
      const data = Object.freeze(fitting(pattern, facts, bound).map((fact) => fact.data));
      const { having } = pattern;
      if (having === undefined || isTrue(having(data, bound)))
        goOn({ ...bound, [pattern.as]: data }, matched);
    }
  }
}

function fitting(pattern: Pattern, facts: FactStore, bound: Bound): readonly LiveFact[] {
  if (pattern.id === undefined) {
    const all = facts.listed(pattern.kind);
    return pattern.where === undefined ? all : all.filter((fact) => fits(pattern, fact, bound));
  }
  return [...candidates(pattern, facts, bound)].filter((fact) => fits(pattern, fact, bound));
}

function candidates(
  { kind, id }: Pattern,
  facts: FactStore,
  bound: Bound,
  pinned?: LiveFact,
): Iterable<LiveFact> {
  if (id === undefined) return pinned === undefined ? facts.of(kind.name) : [pinned];
  const wanted = id(bound);
  if (wanted === undefined) return [];
  if (typeof wanted !== "string")
    throw new InvalidArgumentError(`what id of ${kind.name} returns`, "text, or undefined", wanted);
  if (pinned !== undefined) return pinned.id === wanted ? [pinned] : [];
  const fact = facts.get(kind.name, wanted);
  return fact === undefined ? [] : [fact];
}

function fits({ where }: Pattern, fact: LiveFact, bound: Bound): boolean {
  return where === undefined || isTrue(where(fact.data, bound, fact));
}

/** A promise would always be true. */
export function isTrue(answer: unknown): boolean {
  if (typeof answer === "object" && answer !== null)
    throw new InvalidArgumentError("what a predicate returns", "true or false", answer);
  return Boolean(answer);
}

function refireValue({ refireOn }: Rule, bound: Bound): string | number | boolean | undefined {
  if (refireOn === undefined) return undefined;
  const value = refireOn(bound);
  if (typeof value === "boolean" || Number.isFinite(value)) return value as number | boolean;
  if (typeof value === "string" && value.length <= VALUE_LENGTH_MAX) return value;
  throw new InvalidArgumentError(
    "what refireOn returns",
    `a number, true or false, or text of at most ${VALUE_LENGTH_MAX} characters`,
    value,
  );
}
