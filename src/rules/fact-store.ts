/** The facts of a session in memory, of whatever form, and which of them have changed since rules were last looked at. */
import type { Kind } from "./fact.js";
import type { FactInfo } from "./rule.js";
import type { Causes } from "./cause.js";
import type { StoredFact } from "./session.js";

/** A fact in memory. Another one takes its place when it changes. */
export interface LiveFact extends FactInfo {
  readonly kind: Kind;
  readonly data: unknown;
  readonly causes: Causes;
  /** Whose conclusion it is, where nobody states it. */
  readonly by: { readonly rule: string; readonly firing: number } | undefined;
}

/** A fact as it is recorded. */
export class TermFact implements LiveFact {
  readonly kind: Kind;
  readonly id: string;
  readonly stored: StoredFact;
  readonly data: unknown;
  readonly atMs: number;

  constructor(kind: Kind, id: string, stored: StoredFact) {
    this.kind = kind;
    this.id = id;
    this.stored = stored;
    const { data, atMs } = currentOf(stored);
    this.data = data;
    this.atMs = atMs;
  }

  get causes(): Causes {
    return currentOf(this.stored);
  }

  get by(): LiveFact["by"] {
    const { stated, supports } = this.stored;
    const support = supports?.at(-1);
    if (stated !== undefined || support === undefined) return undefined;
    return { rule: support.rule, firing: support.firing };
  }
}

/** What is stated counts; else the latest of the supports. */
function currentOf({ stated, supports = [] }: StoredFact) {
  const current = stated ?? supports.at(-1);
  if (current === undefined) throw new Error("a fact that nobody states or supports");
  return current;
}

/** A signal, or a sequence that is complete: there until what follows from it is done. */
export class PassingFact implements LiveFact {
  readonly by = undefined;

  constructor(
    readonly kind: Kind,
    readonly id: string,
    readonly data: unknown,
    readonly atMs: number,
    readonly causes: Causes,
  ) {}
}

export class FactStore {
  readonly #byKind = new Map<string, Map<string, LiveFact>>();
  #dirty = new Map<string, Set<string>>();
  #size = 0;

  constructor(kinds: Iterable<string>) {
    for (const kind of kinds) this.#byKind.set(kind, new Map());
  }

  /** Facts of all kinds. */
  get size(): number {
    return this.#size;
  }

  kinds(): Iterable<string> {
    return this.#byKind.keys();
  }

  get(kind: string, id: string): LiveFact | undefined {
    return this.#byKind.get(kind)?.get(id);
  }

  /** In the order in which they came. */
  of(kind: string): Iterable<LiveFact> {
    return this.#byKind.get(kind)?.values() ?? [];
  }

  /** In an order that is the same whether or not the session was read anew in between. */
  listed(kind: Kind): readonly LiveFact[] {
    const facts = [...this.of(kind.name)];
    // Those of windows aren't numbered.
    return isNumbered(kind) ? facts : facts.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** One of its kind and id is replaced, in its place. */
  put(fact: LiveFact): void {
    const facts = this.#byKind.get(fact.kind.name) as Map<string, LiveFact>;
    const before = facts.size;
    facts.set(fact.id, fact);
    this.#size += facts.size - before;
    this.#touch(fact.kind.name, fact.id);
  }

  remove(kind: string, id: string): void {
    if (this.#byKind.get(kind)?.delete(id) !== true) return;
    this.#size -= 1;
    this.#touch(kind, id);
  }

  /** What has changed since this was last asked, by kind. */
  takeDirty(): ReadonlyMap<string, ReadonlySet<string>> {
    const dirty = this.#dirty;
    if (dirty.size > 0) this.#dirty = new Map();
    return dirty;
  }

  #touch(kind: string, id: string): void {
    const ids = this.#dirty.get(kind);
    if (ids === undefined) this.#dirty.set(kind, new Set([id]));
    else ids.add(id);
  }
}

function isNumbered({ form }: Kind): boolean {
  return form === "fact" || form === "signal" || form === "sequence";
}
