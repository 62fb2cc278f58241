/** The matches of a session that hold: which have fired, which wait for their time, which are to fire now. */
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Beliefs, FactName } from "./beliefs.js";
import type { Dues } from "./dues.js";
import type { FactStore } from "./fact-store.js";
import { Heap } from "./heap.js";
import { findMatches, type FoundMatch } from "./matcher.js";
import { idsOf } from "./match-key.js";
import { EMPTY_MAP, mapEntries } from "./persistent-map.js";
import type { RulePlan, RulePlans } from "./rule-plan.js";
import type { SessionState, StoredMatch } from "./session.js";
import type { StepGuard } from "./step-guard.js";

/** A match in memory. */
export interface Match {
  readonly plan: RulePlan;
  readonly key: string;
  /** Of its `when`, in order. */
  readonly facts: readonly FactName[];
  /** Since when it holds. */
  readonly sinceMs: number;
  status: "ready" | "waiting" | "fired" | "gone";
  dueAtMs: number | undefined;
  firing: number;
  concluded: readonly FactName[];
}

/** The matches of one rule. */
interface RuleMatches {
  readonly byKey: Map<string, Match>;
  readonly byFact: Map<string, Set<Match>>;
}

export class Matches {
  readonly #plans: RulePlans;
  readonly #facts: FactStore;
  readonly #beliefs: Beliefs;
  readonly #dues: Dues;
  readonly #guard: StepGuard;
  readonly #byRule: readonly RuleMatches[];
  readonly #ready = new Heap<Match>(firesBefore, ({ status }) => status === "ready");
  /** Keys of what has changed, by the place of the rule; for the record. */
  #changed = new Map<number, Set<string>>();
  #size = 0;
  #isNew = false;

  constructor(plans: RulePlans, facts: FactStore, beliefs: Beliefs, dues: Dues, guard: StepGuard) {
    this.#plans = plans;
    this.#facts = facts;
    this.#beliefs = beliefs;
    this.#dues = dues;
    this.#guard = guard;
    this.#byRule = plans.all.map(() => ({ byKey: new Map(), byFact: new Map() }));
  }

  load({ matches }: SessionState): void {
    for (const plan of this.#plans.all)
      for (const [key, stored] of mapEntries(matches[plan.rule.name] ?? EMPTY_MAP))
        this.#hold(matchOf(plan, key, stored));
  }

  /** That hold. */
  get size(): number {
    return this.#size;
  }

  get(rule: string, key: string): Match | undefined {
    const plan = this.#plans.byName.get(rule);
    return plan === undefined ? undefined : this.#byRule[plan.order]?.byKey.get(key);
  }

  /** The one that fires next; it is still to be told that it does. */
  nextReady(): Match | undefined {
    return this.#ready.first();
  }

  /** @param concluded - Facts that it has concluded. */
  fired(match: Match, firing: number, concluded: readonly FactName[]): void {
    match.status = "fired";
    match.firing = firing;
    match.concluded = concluded;
    this.#note(match);
  }

  /** Its time has come. */
  due(match: Match): void {
    this.#makeReady(match);
  }

  /**
   * Looks what holds now that facts have changed, until what no longer holds has taken everything with it that was concluded from
   * it. What is concluded isn't looked at: that takes a firing.
   *
   * @param overdueMs - What was due before goes on the agenda at once.
   * @throws RuleFailedError - A function of a rule threw.
   * @throws SessionFullError - There are too many.
   */
  evaluate(nowMs: number, overdueMs: number): void {
    for (;;) {
      const dirty = this.#facts.takeDirty();
      const isNew = this.#isNew;
      this.#isNew = false;
      if (dirty.size === 0 && !isNew) {
        const factsOfMatch = (rule: string, key: string) => this.get(rule, key)?.facts;
        if (this.#beliefs.settle(factsOfMatch)) continue;
        return;
      }
      const dropped: Match[] = [];
      for (const plan of isNew ? this.#plans.all : this.#plans.about(dirty.keys()))
        dropped.push(...this.#evaluate(plan, isNew ? undefined : dirty, nowMs, overdueMs));
      // What was concluded goes when all rules have been looked at: none sees it half gone.
      this.#withdraw(dropped);
    }
  }

  /** Every rule is looked at next time, with all facts. */
  renew(): void {
    this.#isNew = true;
  }

  takeChanged(): ReadonlyMap<number, ReadonlySet<string>> {
    const changed = this.#changed;
    this.#changed = new Map();
    return changed;
  }

  #withdraw(dropped: readonly Match[]): void {
    for (const { plan, key, concluded } of dropped)
      for (const fact of concluded) this.#beliefs.withdraw(fact, { rule: plan.rule.name, key });
  }

  /** @returns Those that don't hold any more. */
  #evaluate(
    plan: RulePlan,
    dirty: ReadonlyMap<string, ReadonlySet<string>> | undefined,
    nowMs: number,
    overdueMs: number,
  ): readonly Match[] {
    return this.#guard.run(
      () => `rule ${plan.rule.name}`,
      () => this.#compare(plan, dirty, nowMs, overdueMs),
    );
  }

  #compare(
    plan: RulePlan,
    dirty: ReadonlyMap<string, ReadonlySet<string>> | undefined,
    nowMs: number,
    overdueMs: number,
  ): readonly Match[] {
    const { rule } = plan;
    const { byKey } = this.#byRule[plan.order] as RuleMatches;
    const found = new Map<string, FoundMatch>();
    let before: Iterable<Match>;
    if (dirty === undefined || mayChangeAny(plan, dirty)) {
      findMatches(rule, this.#facts, found);
      before = byKey.values();
    } else {
      before = this.#findAround(plan, dirty, found);
    }
    const dropped: Match[] = [];
    for (const match of before) {
      const again = found.get(match.key);
      if (again === undefined) dropped.push(match);
      else this.#review(match, again, overdueMs);
    }
    for (const match of dropped) this.#drop(match);
    for (const each of found.values())
      if (!byKey.has(each.key)) this.#add(plan, each, nowMs, overdueMs);
    return dropped.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Finds the matches that facts which have changed are part of. @returns Those that they were part of. */
  #findAround(
    plan: RulePlan,
    dirty: ReadonlyMap<string, ReadonlySet<string>>,
    found: Map<string, FoundMatch>,
  ): ReadonlySet<Match> {
    const { byFact } = this.#byRule[plan.order] as RuleMatches;
    const before = new Set<Match>();
    for (const [kind, places] of plan.placesByKind)
      for (const id of dirty.get(kind) ?? []) {
        for (const match of byFact.get(factKey(kind, id)) ?? []) before.add(match);
        const fact = this.#facts.get(kind, id);
        if (fact === undefined) continue;
        for (const place of places) findMatches(plan.rule, this.#facts, found, { place, fact });
      }
    return before;
  }

  #add(plan: RulePlan, { key, facts, bound }: FoundMatch, nowMs: number, overdueMs: number): void {
    const match: Match = {
      plan,
      key,
      facts: facts.map(({ kind, id }) => [kind.name, id]),
      sinceMs: nowMs,
      status: "waiting",
      dueAtMs: undefined,
      firing: 0,
      concluded: [],
    };
    this.#hold(match);
    this.#guard.check("matchesMax", this.#size);
    this.#note(match);
    if (!plan.isTimed) this.#makeReady(match);
    else this.#setDue(match, dueOf(match, bound), overdueMs);
  }

  /** It holds as before; what has changed may be when it is due. */
  #review(match: Match, { bound }: FoundMatch, overdueMs: number): void {
    if (match.status === "fired") return;
    if (!match.plan.isTimed) {
      this.#makeReady(match);
      return;
    }
    const dueAtMs = dueOf(match, bound);
    if (dueAtMs !== match.dueAtMs) this.#setDue(match, dueAtMs, overdueMs);
  }

  #setDue(match: Match, dueAtMs: number | undefined, overdueMs: number): void {
    match.dueAtMs = dueAtMs;
    match.status = "waiting";
    this.#note(match);
    if (dueAtMs === undefined) return;
    if (dueAtMs < overdueMs) this.#makeReady(match);
    else this.#dues.add(dueAtMs, "match", match.plan.rule.name, match.key);
  }

  #makeReady(match: Match): void {
    if (match.status === "ready") return;
    match.status = "ready";
    this.#ready.add(match);
  }

  #hold(match: Match): void {
    const { byKey, byFact } = this.#byRule[match.plan.order] as RuleMatches;
    byKey.set(match.key, match);
    this.#size += 1;
    for (const [kind, id] of match.facts) {
      const key = factKey(kind, id);
      const matches = byFact.get(key);
      if (matches === undefined) byFact.set(key, new Set([match]));
      else matches.add(match);
    }
    if (match.status === "waiting" && match.dueAtMs !== undefined)
      this.#dues.add(match.dueAtMs, "match", match.plan.rule.name, match.key);
  }

  #drop(match: Match): void {
    const { byKey, byFact } = this.#byRule[match.plan.order] as RuleMatches;
    byKey.delete(match.key);
    this.#size -= 1;
    for (const [kind, id] of match.facts) {
      const key = factKey(kind, id);
      const matches = byFact.get(key);
      matches?.delete(match);
      if (matches?.size === 0) byFact.delete(key);
    }
    match.status = "gone";
    this.#note(match);
  }

  #note({ plan, key }: Match): void {
    const keys = this.#changed.get(plan.order);
    if (keys === undefined) this.#changed.set(plan.order, new Set([key]));
    else keys.add(key);
  }
}

/** As it is recorded. */
export function storedMatch({ status, firing, concluded, sinceMs, dueAtMs }: Match): StoredMatch {
  if (status !== "fired") return dueAtMs === undefined ? { sinceMs } : { sinceMs, dueAtMs };
  return concluded.length === 0 ? { firing } : { firing, concluded };
}

function matchOf(plan: RulePlan, key: string, stored: StoredMatch): Match {
  // A key of another form is of the rule as it was: it is found no more, and dropped.
  const ids = idsOf(key, plan.positives.length) ?? [];
  const facts = ids.map((id, index): FactName => [plan.positives[index] ?? "", id]);
  if ("firing" in stored) {
    const { firing, concluded = [] } = stored;
    return { plan, key, facts, sinceMs: 0, status: "fired", dueAtMs: undefined, firing, concluded };
  }
  const { sinceMs, dueAtMs } = stored;
  return { plan, key, facts, sinceMs, status: "waiting", dueAtMs, firing: 0, concluded: [] };
}

function mayChangeAny({ others }: RulePlan, dirty: ReadonlyMap<string, unknown>): boolean {
  for (const kind of dirty.keys()) if (others.has(kind)) return true;
  return false;
}

function dueOf({ plan, sinceMs }: Match, bound: FoundMatch["bound"]): number | undefined {
  const { lastingMs, dueAt } = plan.rule;
  if (lastingMs !== undefined) return sinceMs + lastingMs;
  const dueAtMs = dueAt?.(bound);
  if (dueAtMs !== undefined && !Number.isFinite(dueAtMs))
    throw new InvalidArgumentError(
      "what dueAt returns",
      "a number of milliseconds since 1970, or undefined",
      dueAtMs,
    );
  return dueAtMs as number | undefined;
}

/** Who is on the agenda before whom. */
function firesBefore(a: Match, b: Match): boolean {
  const [first, second] = [a.plan.rule, b.plan.rule];
  if (first.salience !== second.salience) return first.salience > second.salience;
  if (a.plan.order !== b.plan.order) return a.plan.order < b.plan.order;
  if (a.sinceMs !== b.sinceMs) return a.sinceMs < b.sinceMs;
  return a.key < b.key;
}

function factKey(kind: string, id: string): string {
  return `${kind}\n${id}`;
}
