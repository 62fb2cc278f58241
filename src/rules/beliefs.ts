/**
 * What is stated and what is concluded of a session's facts. A fact is there as long as it is stated or has a support; a support goes
 * with its match. Supports that only hold each other up hold nothing.
 */
import type { Dues } from "./dues.js";
import type { FactKind, Kind } from "./fact.js";
import { TermFact, type FactStore } from "./fact-store.js";
import { mapForEach } from "./persistent-map.js";
import type { SessionState, Stated, StoredFact, Support } from "./session.js";

export type FactName = readonly [kind: string, id: string];

/** The facts that a match is of; undefined where there is no such match. */
export type FactsOfMatch = (rule: string, key: string) => readonly FactName[] | undefined;

export class Beliefs {
  readonly #facts: FactStore;
  readonly #dues: Dues;
  readonly #suspects = new Set<TermFact>();
  /** Kind and id of what has changed, for the record. */
  #changed = new Map<string, Set<string>>();
  /** Of the next fact. */
  seq = 0;

  constructor(facts: FactStore, dues: Dues) {
    this.#facts = facts;
    this.#dues = dues;
  }

  load({ facts, seq }: SessionState, kinds: ReadonlyMap<string, Kind>): void {
    this.seq = seq;
    const loaded: TermFact[] = [];
    for (const [name, map] of Object.entries(facts)) {
      const kind = kinds.get(name);
      if (kind?.form === "fact")
        mapForEach(map, (id, stored) => loaded.push(new TermFact(kind, id, stored)));
    }
    loaded.sort((a, b) => a.stored.seq - b.stored.seq);
    for (const fact of loaded) {
      this.#facts.put(fact);
      this.#expireLater(fact);
    }
    this.#facts.takeDirty();
  }

  get(kind: string, id: string): TermFact | undefined {
    const fact = this.#facts.get(kind, id);
    return fact instanceof TermFact ? fact : undefined;
  }

  expiresAt(kind: string, id: string): number | undefined {
    return this.get(kind, id)?.stored.stated?.expiresAtMs;
  }

  state(kind: FactKind, id: string, stated: Stated): void {
    const before = this.get(kind.name, id)?.stored;
    this.#put(kind, id, { ...(before ?? { seq: this.seq++ }), stated });
  }

  /** False where it wasn't stated. */
  unstate(kind: string, id: string): boolean {
    const fact = this.get(kind, id);
    if (fact?.stored.stated === undefined) return false;
    const { stated: _, ...rest } = fact.stored;
    this.#reduce(fact, rest);
    return true;
  }

  support(kind: FactKind, id: string, support: Support): void {
    const before = this.get(kind.name, id)?.stored;
    const others = (before?.supports ?? []).filter((other) => !isOf(other, support));
    this.#put(kind, id, { ...(before ?? { seq: this.seq++ }), supports: [...others, support] });
  }

  /** A match doesn't hold any more. */
  withdraw([kind, id]: FactName, match: Pick<Support, "rule" | "key">): void {
    const fact = this.get(kind, id);
    if (fact?.stored.supports === undefined) return;
    const { supports, ...rest } = fact.stored;
    const left = supports.filter((support) => !isOf(support, match));
    if (left.length === supports.length) return;
    this.#reduce(fact, left.length === 0 ? rest : { ...rest, supports: left });
  }

  /** Supports of matches of rules that are no more. */
  withdrawOrphans(factsOfMatch: FactsOfMatch): void {
    for (const fact of this.#concluded())
      for (const support of fact.stored.supports ?? [])
        if (factsOfMatch(support.rule, support.key) === undefined)
          this.withdraw([fact.kind.name, fact.id], support);
  }

  /** Takes out what nothing stated leads to any more. True where something was. */
  settle(factsOfMatch: FactsOfMatch): boolean {
    if (this.#suspects.size === 0) return false;
    const concluded = this.#conclusionsBehind(this.#suspects, factsOfMatch);
    this.#suspects.clear();
    const grounded = groundedAmong(concluded, factsOfMatch);
    let isChanged = false;
    for (const [name, fact] of concluded) {
      if (grounded.has(name)) continue;
      this.#remove(fact);
      isChanged = true;
    }
    return isChanged;
  }

  takeChanged(): ReadonlyMap<string, ReadonlySet<string>> {
    const changed = this.#changed;
    this.#changed = new Map();
    return changed;
  }

  #concluded(): readonly TermFact[] {
    const concluded: TermFact[] = [];
    for (const kind of this.#facts.kinds())
      for (const fact of this.#facts.of(kind))
        if (fact instanceof TermFact && fact.stored.supports !== undefined) concluded.push(fact);
    return concluded;
  }

  /** Concluded facts that these go back to, and these. */
  #conclusionsBehind(
    suspects: Iterable<TermFact>,
    factsOfMatch: FactsOfMatch,
  ): ReadonlyMap<string, TermFact> {
    const concluded = new Map<string, TermFact>();
    const open: TermFact[] = [];
    const add = (fact: TermFact | undefined) => {
      if (fact === undefined || fact.stored.stated !== undefined) return;
      const name = nameOf([fact.kind.name, fact.id]);
      if (concluded.has(name)) return;
      concluded.set(name, fact);
      open.push(fact);
    };
    for (const { kind, id } of suspects) add(this.get(kind.name, id));
    for (let fact = open.pop(); fact !== undefined; fact = open.pop())
      for (const { rule, key } of fact.stored.supports ?? [])
        for (const [kind, id] of factsOfMatch(rule, key) ?? []) add(this.get(kind, id));
    return concluded;
  }

  #put(kind: Kind, id: string, stored: StoredFact): void {
    const fact = new TermFact(kind, id, stored);
    const wasDueMs = this.expiresAt(kind.name, id);
    this.#facts.put(fact);
    this.#note(fact);
    // What stays due as it was is on the list.
    if (stored.stated?.expiresAtMs !== wasDueMs) this.#expireLater(fact);
  }

  /** With one reason less. */
  #reduce(fact: TermFact, stored: StoredFact): void {
    const { stated, supports } = stored;
    if (stated === undefined && supports === undefined) {
      this.#remove(fact);
      return;
    }
    const reduced = new TermFact(fact.kind, fact.id, stored);
    this.#facts.put(reduced);
    this.#note(fact);
    if (stated === undefined) this.#suspects.add(reduced);
  }

  #remove(fact: TermFact): void {
    this.#facts.remove(fact.kind.name, fact.id);
    this.#note(fact);
  }

  #note({ kind, id }: TermFact): void {
    const ids = this.#changed.get(kind.name);
    if (ids === undefined) this.#changed.set(kind.name, new Set([id]));
    else ids.add(id);
  }

  #expireLater({ kind, id, stored }: TermFact): void {
    const atMs = stored.stated?.expiresAtMs;
    if (atMs !== undefined) this.#dues.add(atMs, "expiry", kind.name, id);
  }
}

/** Those that have a support all of whose facts are stated, or grounded themselves. */
function groundedAmong(
  concluded: ReadonlyMap<string, TermFact>,
  factsOfMatch: FactsOfMatch,
): ReadonlySet<string> {
  const grounded = new Set<string>();
  const isGround = (name: string) => !concluded.has(name) || grounded.has(name);
  for (let before = -1; before !== grounded.size;) {
    before = grounded.size;
    for (const [name, { stored }] of concluded) {
      if (grounded.has(name)) continue;
      const isSupported = stored.supports?.some(({ rule, key }) =>
        factsOfMatch(rule, key)?.every((fact) => isGround(nameOf(fact))),
      );
      if (isSupported === true) grounded.add(name);
    }
  }
  return grounded;
}

function nameOf([kind, id]: FactName): string {
  return `${kind}\n${id}`;
}

function isOf(support: Pick<Support, "rule" | "key">, match: Pick<Support, "rule" | "key">) {
  return support.rule === match.rule && support.key === match.key;
}
