/**
 * A rule engine as one would write it to be sure that it is right: after every change all matches of all rules are looked for from
 * scratch, among all facts, and whatever is due is found by looking at everything. Rules are data, so that random ones can be made
 * for it and for the real one.
 */

export interface PatternSpec {
  readonly mode: "when" | "without" | "collect";
  readonly kind: string;
  /** Only facts with this value, unless it is below 0. */
  readonly eq?: number;
  /** Only facts with the value of the first pattern. */
  readonly joined?: boolean;
  /** Only the fact that the first pattern refers to. */
  readonly byId?: boolean;
  /** How many must be collected. */
  readonly min?: number;
}

export type ActionSpec =
  | { readonly do: "alert" }
  | { readonly do: "conclude" | "insert" | "update"; readonly kind: string; readonly id?: string }
  | { readonly do: "retract"; readonly kind: string; readonly id: string }
  | { readonly do: "signal" | "add" | "send" };

export interface RuleSpec {
  readonly patterns: readonly PatternSpec[];
  readonly salience: number;
  readonly timed?: { readonly lasting: number } | "due";
  readonly refire: boolean;
  readonly actions: readonly ActionSpec[];
}

export interface Data {
  readonly v: number;
  /** When it is due; never where it can be divided by 5. */
  readonly w: number;
  /** Another fact's id. */
  readonly ref: string;
}

export const valueOf = (data: unknown) => {
  const { v, count = 0 } = data as { v?: number; count?: number };
  return v ?? count;
};
export const dueOf = (data: unknown) => {
  const { w = 0 } = data as Partial<Data>;
  return w % 5 === 0 ? undefined : w;
};
export const refOf = (data: unknown) => (data as Partial<Data>).ref;

interface Support {
  readonly match: Match;
  readonly data: unknown;
}
interface Fact {
  readonly kind: string;
  readonly id: string;
  stated: { data: unknown; expiresAtMs: number | undefined } | undefined;
  supports: Support[];
  readonly passing: boolean;
}
interface Sample {
  readonly atMs: number;
  readonly value: number;
  readonly group: string;
}
interface Found {
  readonly key: string;
  readonly facts: readonly Fact[];
  readonly bound: Readonly<Record<string, unknown>>;
}
interface Match extends Found {
  readonly rule: number;
  readonly sinceMs: number;
  dueAtMs: number | undefined;
  status: "ready" | "waiting" | "fired";
}
export interface NaiveFiring {
  readonly rule: string;
  readonly key: string;
  readonly nth: number;
  readonly atMs: number;
  readonly alerts: readonly unknown[];
}
export interface Windows {
  readonly sliding: { readonly sizeMs: number; readonly prompt: boolean };
  readonly tumbling: { readonly sizeMs: number };
}

/** Told that rules don't come to an end. */
export class Endless extends Error {}

export class NaiveRules {
  readonly #rules: readonly RuleSpec[];
  readonly #windows: Windows;
  readonly #firingsMax: number;
  readonly #runs = new Map<string, number>();
  facts: Fact[] = [];
  #sliding: Sample[] = [];
  #tumbling: { fromMs: number; samples: Sample[]; closed: boolean }[] = [];
  #matches: Match[] = [];
  readonly fired: NaiveFiring[] = [];
  #clockMs = -Infinity;
  #atMs = 0;
  #overdueMs = 0;
  #closedMs = 0;
  #isDue = false;
  #isChanged = false;
  #firedAtOnce = 0;

  constructor(rules: readonly RuleSpec[], windows: Windows, firingsMax: number) {
    this.#rules = rules;
    this.#windows = windows;
    this.#firingsMax = firingsMax;
  }

  event(atMs: number, watermarkMs: number, handle: () => void): void {
    const dueMs = Math.max(atMs, watermarkMs);
    for (
      let due = this.#nextDue(dueMs, watermarkMs);
      due !== undefined;
      due = this.#nextDue(dueMs, watermarkMs)
    ) {
      this.#enter(due.atMs, due.atMs, due.atMs, true);
      due.happen();
      this.#agenda();
      due.after?.();
      this.#agenda();
    }
    const clockMs = this.#clockMs;
    this.#enter(atMs, dueMs, watermarkMs, false);
    handle();
    this.#agenda();
    // An event without an effect leaves not even its time behind.
    if (!this.#isChanged && atMs >= watermarkMs) this.#clockMs = clockMs;
  }

  state(kind: string, id: string, data: unknown, expiresAtMs?: number): void {
    this.#fact(kind, id).stated = { data, expiresAtMs };
    this.#isChanged = true;
  }

  retract(kind: string, id: string): void {
    const fact = this.#find(kind, id);
    if (fact?.stated === undefined) return;
    fact.stated = undefined;
    this.#isChanged = true;
    this.#tidy();
  }

  get(kind: string, id: string): unknown {
    const fact = this.#find(kind, id);
    return fact && dataOf(fact);
  }

  signal(data: unknown): void {
    this.facts = this.facts.filter(({ kind }) => kind !== "S");
    const stated = { data, expiresAtMs: undefined };
    this.facts.push({ kind: "S", id: "", stated, supports: [], passing: true });
  }

  add(value: number, group: string, atMs: number): void {
    const sample = { atMs, value, group };
    if (atMs + this.#windows.sliding.sizeMs > this.#clockMs) {
      this.#sliding.push(sample);
      this.#sliding.sort((a, b) => a.atMs - b.atMs);
      this.#isChanged = true;
    }
    const { sizeMs } = this.#windows.tumbling;
    const fromMs = Math.floor(atMs / sizeMs) * sizeMs;
    const open = this.#tumbling.find((window) => window.fromMs === fromMs);
    const toMs = fromMs + sizeMs;
    if (open !== undefined && !open.closed) open.samples.push(sample);
    else if (open === undefined && !(this.#isDue ? toMs <= this.#atMs : toMs < this.#closedMs))
      this.#tumbling.push({ fromMs, samples: [sample], closed: false });
    else return;
    this.#isChanged = true;
  }

  /** All facts: kind, id, data. */
  all(): (readonly [string, string, unknown])[] {
    return ["A", "B", "C", "D", "E", "S", "T", "W"].flatMap((kind) =>
      this.#of(kind).map((fact) => [kind, fact.id, dataOf(fact)] as const),
    );
  }

  #enter(atMs: number, overdueMs: number, closedMs: number, isDue: boolean): void {
    if (!isDue || !this.#isDue || atMs !== this.#atMs) this.#firedAtOnce = 0;
    this.#isChanged = false;
    this.#atMs = atMs;
    this.#overdueMs = overdueMs;
    this.#closedMs = closedMs;
    this.#isDue = isDue;
    this.#clockMs = Math.max(this.#clockMs, atMs);
    const { sizeMs } = this.#windows.sliding;
    const left = this.#sliding.filter((sample) => sample.atMs + sizeMs > this.#clockMs);
    if (left.length < this.#sliding.length) this.#isChanged = true;
    this.#sliding = left;
  }

  /** @param closeMs - Windows close before this only. */
  #nextDue(beforeMs: number, closeMs: number) {
    const dues: {
      atMs: number;
      rank: number;
      name: string;
      id: string;
      happen: () => void;
      after?: () => void;
    }[] = [];
    for (const { kind, id, stated } of this.facts)
      if (stated?.expiresAtMs !== undefined)
        dues.push({
          atMs: stated.expiresAtMs,
          rank: 0,
          name: kind,
          id,
          happen: () => this.retract(kind, id),
        });
    const { sliding, tumbling } = this.#windows;
    const groups = new Set(this.#sliding.map(({ group }) => group));
    for (const group of groups) {
      const oldest = this.#sliding.find((sample) => sample.group === group)!;
      if (sliding.prompt)
        dues.push({
          atMs: oldest.atMs + sliding.sizeMs,
          rank: 1,
          name: "W",
          id: group,
          happen: () => undefined,
        });
    }
    for (const window of this.#tumbling) {
      const atMs = window.fromMs + tumbling.sizeMs;
      const happen = () => (window.closed = true);
      const after = () => (this.#tumbling = this.#tumbling.filter((other) => other !== window));
      dues.push({ atMs, rank: 1, name: "T", id: `@${window.fromMs}`, happen, after });
    }
    for (const match of this.#matches)
      if (match.status === "waiting" && match.dueAtMs !== undefined) {
        const happen = () => (match.status = "ready");
        dues.push({
          atMs: match.dueAtMs,
          rank: 2,
          name: nameOf(match.rule),
          id: match.key,
          happen,
        });
      }
    return dues
      .filter(({ atMs, name }) => atMs < (name === "T" ? closeMs : beforeMs))
      .sort(
        (a, b) =>
          a.atMs - b.atMs || a.rank - b.rank || compare(a.name, b.name) || compare(a.id, b.id),
      )[0];
  }

  #agenda(): void {
    for (;;) {
      this.#recompute();
      const ready = this.#matches
        .filter(({ status }) => status === "ready")
        .sort(
          (a, b) =>
            this.#rules[b.rule]!.salience - this.#rules[a.rule]!.salience ||
            a.rule - b.rule ||
            a.sinceMs - b.sinceMs ||
            compare(a.key, b.key),
        )[0];
      if (ready !== undefined) {
        this.#firedAtOnce += 1;
        if (this.#firedAtOnce > this.#firingsMax) throw new Endless();
        this.#fire(ready);
      } else {
        if (!this.facts.some(({ passing }) => passing)) return;
        this.facts = this.facts.filter(({ passing }) => !passing);
      }
    }
  }

  #fire(match: Match): void {
    match.status = "fired";
    this.#isChanged = true;
    const rule = nameOf(match.rule);
    const run = `${rule} ${match.key}`;
    const nth = (this.#runs.get(run) ?? 0) + 1;
    this.#runs.set(run, nth);
    const alerts: unknown[] = [];
    this.fired.push({ rule, key: match.key, nth, atMs: this.#atMs, alerts });
    const first = match.bound.p0;
    const v = Array.isArray(first) ? first.length : valueOf(first);
    const data = { v: v % 4, w: 0, ref: "a" };
    for (const action of this.#rules[match.rule]!.actions)
      switch (action.do) {
        case "alert":
          alerts.push(match.bound);
          break;
        case "conclude": {
          const fact = this.#fact(action.kind, action.id ?? `x${v}`);
          const others = fact.supports.filter((support) => support.match !== match);
          fact.supports = [...others, { match, data }];
          break;
        }
        case "insert":
          this.state(action.kind, action.id ?? `x${v}`, data);
          break;
        case "update": {
          const id = action.id ?? `x${v}`;
          const before = this.#find(action.kind, id);
          if (before === undefined) break;
          const old = dataOf(before) as Data;
          this.state(action.kind, id, { ...old, v: (old.v + 1) % 4 }, before.stated?.expiresAtMs);
          break;
        }
        case "retract":
          this.retract(action.kind, action.id);
          break;
        case "signal":
          this.signal(data);
          break;
        case "add":
          this.add(v, "", this.#atMs);
          break;
        case "send":
          break;
      }
  }

  #recompute(): void {
    for (;;) {
      const dropped: Match[] = [];
      const now: Match[] = [];
      this.#rules.forEach((spec, rule) => {
        const found = this.#search(spec, 0, {}, []);
        for (const match of this.#matches.filter((each) => each.rule === rule)) {
          const again = found.find(({ key }) => key === match.key);
          if (again === undefined) dropped.push(match);
          else now.push(this.#reviewed(spec, match, again));
        }
        for (const each of found)
          if (!this.#matches.some((match) => match.rule === rule && match.key === each.key))
            now.push(this.#begun(spec, rule, each));
      });
      if (dropped.length > 0 || now.length > this.#matches.length) this.#isChanged = true;
      this.#matches = now;
      let isChanged = false;
      for (const fact of this.facts) {
        const left = fact.supports.filter(({ match }) => !dropped.includes(match));
        if (left.length < fact.supports.length) isChanged = true;
        fact.supports = left;
      }
      this.#tidy();
      if (!isChanged && !this.#ground()) return;
    }
  }

  /** The least model: what nothing stated leads to goes. */
  #ground(): boolean {
    const isConcluded = (fact: Fact) => fact.stated === undefined;
    const grounded = new Set(this.facts.filter((fact) => !isConcluded(fact)));
    const isGround = (fact: Fact) =>
      fact.kind === "W" ||
      fact.kind === "T" ||
      [...grounded].some((each) => each.kind === fact.kind && each.id === fact.id);
    for (let size = -1; size !== grounded.size;) {
      size = grounded.size;
      for (const fact of this.facts)
        if (fact.supports.some(({ match }) => match.facts.every(isGround))) grounded.add(fact);
    }
    const before = this.facts.length;
    this.facts = this.facts.filter((fact) => grounded.has(fact));
    return this.facts.length < before;
  }

  #begun(spec: RuleSpec, rule: number, found: Found): Match {
    const match: Match = {
      ...found,
      rule,
      sinceMs: this.#atMs,
      dueAtMs: undefined,
      status: "ready",
    };
    if (spec.timed !== undefined) this.#setDue(match, dueAt(spec, match, found));
    return match;
  }

  #reviewed(spec: RuleSpec, match: Match, found: Found): Match {
    Object.assign(match, { bound: found.bound, facts: found.facts });
    if (match.status === "fired" || spec.timed === undefined) return match;
    const due = dueAt(spec, match, found);
    if (due !== match.dueAtMs) this.#setDue(match, due);
    return match;
  }

  #setDue(match: Match, dueAtMs: number | undefined): void {
    this.#isChanged = true;
    match.dueAtMs = dueAtMs;
    match.status = dueAtMs !== undefined && dueAtMs < this.#overdueMs ? "ready" : "waiting";
  }

  #search(
    spec: RuleSpec,
    place: number,
    bound: Readonly<Record<string, unknown>>,
    facts: readonly Fact[],
  ): Found[] {
    const pattern = spec.patterns[place];
    if (pattern === undefined) {
      const ids = facts.map(({ id }) => id.replace("@", "\\@")).join(",");
      const first = bound.p0;
      const value = Array.isArray(first) ? first.length : valueOf(first);
      return [{ key: spec.refire ? `${ids}@${value}` : ids, facts, bound }];
    }
    const name = `p${place}`;
    const fitting = this.#of(pattern.kind).filter((fact) => {
      const data = dataOf(fact);
      if ((pattern.eq ?? -1) >= 0 && valueOf(data) !== pattern.eq) return false;
      const { p0 } = bound;
      if (p0 === undefined || Array.isArray(p0)) return true;
      if (pattern.joined === true && valueOf(data) !== valueOf(p0)) return false;
      return pattern.byId !== true || fact.id === refOf(p0);
    });
    switch (pattern.mode) {
      case "when":
        return fitting.flatMap((fact) =>
          this.#search(spec, place + 1, { ...bound, [name]: dataOf(fact) }, [...facts, fact]),
        );
      case "without":
        return fitting.length > 0 ? [] : this.#search(spec, place + 1, bound, facts);
      case "collect":
        return fitting.length < (pattern.min ?? 0)
          ? []
          : this.#search(spec, place + 1, { ...bound, [name]: fitting.map(dataOf) }, facts);
    }
  }

  #of(kind: string): Fact[] {
    if (kind === "W") {
      const groups = [...new Set(this.#sliding.map(({ group }) => group))].sort(compare);
      return groups.map((group) =>
        windowFact(
          "W",
          group,
          this.#sliding.filter((sample) => sample.group === group),
        ),
      );
    }
    if (kind === "T")
      return this.#tumbling
        .map(({ fromMs, samples, closed }) => {
          const toMs = fromMs + this.#windows.tumbling.sizeMs;
          return windowFact("T", `@${fromMs}`, samples, { fromMs, toMs, closed });
        })
        .sort((a, b) => compare(a.id, b.id));
    return this.facts.filter((fact) => fact.kind === kind);
  }

  #find(kind: string, id: string): Fact | undefined {
    return this.facts.find((fact) => fact.kind === kind && fact.id === id);
  }

  #fact(kind: string, id: string): Fact {
    const known = this.#find(kind, id);
    if (known !== undefined) return known;
    const fact: Fact = { kind, id, stated: undefined, supports: [], passing: false };
    this.facts.push(fact);
    return fact;
  }

  /** Without what nobody states or supports. */
  #tidy(): void {
    this.facts = this.facts.filter(
      ({ stated, supports }) => stated !== undefined || supports.length > 0,
    );
  }
}

function windowFact(kind: string, id: string, samples: readonly Sample[], bounds?: object): Fact {
  const values = samples.map(({ value }) => value);
  const times = samples.map(({ atMs }) => atMs);
  const sum = values.reduce((a, b) => a + b, 0);
  const [firstAtMs, lastAtMs] = [Math.min(...times), Math.max(...times)];
  const data = {
    count: values.length,
    sum,
    min: Math.min(...values),
    max: Math.max(...values),
    mean: sum / values.length,
    distinct: 0,
    firstAtMs,
    lastAtMs,
    fromMs: firstAtMs,
    toMs: lastAtMs,
    closed: false,
    ...bounds,
  };
  return { kind, id, stated: { data, expiresAtMs: undefined }, supports: [], passing: false };
}

function dataOf({ stated, supports }: Fact): unknown {
  return (stated ?? supports.at(-1))?.data;
}

function dueAt({ timed }: RuleSpec, match: Match, { bound }: Found): number | undefined {
  if (timed === "due") return dueOf(bound.p0);
  return timed === undefined ? undefined : match.sinceMs + timed.lasting;
}

export function nameOf(rule: number): string {
  return `r${String(rule).padStart(2, "0")}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
