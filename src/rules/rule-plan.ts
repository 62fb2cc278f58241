/** A rule made ready to be matched, and which rules are about which kinds. */
import type { Kind } from "./fact.js";
import type { Rule } from "./rule.js";

export class RulePlan {
  readonly rule: Rule;
  /** Place in the definition. */
  readonly order: number;
  /** Kinds of its `when`, in order: a match is known by the ids of their facts. */
  readonly positives: readonly string[];
  /** Where its patterns are a `when` of a kind. */
  readonly placesByKind: ReadonlyMap<string, readonly number[]>;
  /** Kinds of `without` and `collect`: a change of theirs may change any match. */
  readonly others: ReadonlySet<string>;

  constructor(rule: Rule, order: number) {
    this.rule = rule;
    this.order = order;
    const places = new Map<string, number[]>();
    rule.patterns.forEach(({ mode, kind }, place) => {
      if (mode === "when") places.set(kind.name, [...(places.get(kind.name) ?? []), place]);
    });
    this.placesByKind = places;
    this.positives = namesOf(rule, (mode) => mode === "when");
    this.others = new Set(namesOf(rule, (mode) => mode !== "when"));
  }

  get isTimed(): boolean {
    return this.rule.lastingMs !== undefined || this.rule.dueAt !== undefined;
  }
}

/** The rules of a set by what they are about. */
export class RulePlans {
  readonly all: readonly RulePlan[];
  readonly byName: ReadonlyMap<string, RulePlan>;
  readonly #byKind = new Map<string, RulePlan[]>();

  constructor(rules: readonly Rule[]) {
    this.all = rules.map((rule, order) => new RulePlan(rule, order));
    this.byName = new Map(this.all.map((plan) => [plan.rule.name, plan]));
    for (const plan of this.all)
      for (const kind of new Set(plan.rule.patterns.map((pattern) => pattern.kind.name)))
        this.#byKind.set(kind, [...(this.#byKind.get(kind) ?? []), plan]);
  }

  /** Those about any of these kinds, in the order of the definition. */
  about(kinds: Iterable<string>): readonly RulePlan[] {
    const lists: (readonly RulePlan[])[] = [];
    for (const kind of kinds) {
      const plans = this.#byKind.get(kind);
      if (plans !== undefined) lists.push(plans);
    }
    if (lists.length <= 1) return lists[0] ?? [];
    return [...new Set(lists.flat())].sort((a, b) => a.order - b.order);
  }
}

function namesOf({ patterns }: Rule, wanted: (mode: string) => boolean): readonly string[] {
  return patterns.filter(({ mode }) => wanted(mode)).map(({ kind }: { kind: Kind }) => kind.name);
}
