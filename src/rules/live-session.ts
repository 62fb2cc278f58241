/**
 * A session in memory: its facts, windows, sequences and matches, made ready to work on. It is made of a state, changes in place with
 * a step, and is then that of the state after it; where a step fails it is let go.
 */
import { Beliefs } from "./beliefs.js";
import { Dues, type Due } from "./dues.js";
import type { Kind, SignalKind } from "./fact.js";
import { FactStore, PassingFact } from "./fact-store.js";
import { LiveSequences } from "./live-sequences.js";
import { isWindow, LiveWindows, type WindowMoment } from "./live-windows.js";
import { Matches } from "./matches.js";
import { mapAny, type PersistentMap } from "./persistent-map.js";
import type { RunnableRules } from "./runnable-rules.js";
import { BEFORE_TIME_MS, type Causes, type DroppedNames, type SessionState } from "./session.js";
import { listed } from "./listed.js";
import { StepGuard } from "./step-guard.js";
import type { WindowKind } from "./window.js";
import { isSliding, type StoredSample, type StoredWindow } from "./window-store.js";

export class LiveSession {
  readonly rules: RunnableRules;
  readonly facts: FactStore;
  readonly beliefs: Beliefs;
  readonly windows: LiveWindows;
  readonly sequences: LiveSequences;
  readonly matches: Matches;
  readonly dues: Dues;
  readonly guard: StepGuard;
  /** Signals and complete sequences. */
  #passing: PassingFact[] = [];
  #moment: WindowMoment = { clockMs: BEFORE_TIME_MS, hasPassed: () => false };

  constructor(rules: RunnableRules, state: SessionState) {
    this.rules = rules;
    const { kinds, plans, limits } = rules;
    this.facts = new FactStore(kinds.keys());
    this.guard = new StepGuard(limits);
    this.dues = new Dues((due) => this.#isDue(due));
    this.beliefs = new Beliefs(this.facts, this.dues);
    this.windows = new LiveWindows(this.facts, this.dues, this.guard);
    this.sequences = new LiveSequences(this.facts, this.guard, kinds.values());
    this.matches = new Matches(plans, this.facts, this.beliefs, this.dues, this.guard);
    this.beliefs.load(state, kinds);
    this.windows.load(state, kinds);
    this.sequences.load(state);
    this.matches.load(state);
  }

  /** What is added to windows from now on is of this moment. */
  enter(moment: WindowMoment): void {
    this.#moment = moment;
  }

  add(kind: WindowKind, group: string, sample: StoredSample): void {
    this.windows.add(kind, group, sample, this.#moment);
  }

  signal(kind: SignalKind, id: string, data: unknown, atMs: number, causes: Causes): void {
    this.pass(new PassingFact(kind, id, data, atMs, causes));
    this.facts.put(this.#passing.at(-1) as PassingFact);
  }

  /** It goes with the others that only pass. */
  pass(fact: PassingFact): void {
    this.#passing.push(fact);
  }

  /** Takes away what only passes. @returns Whether there was anything. */
  passOn(): boolean {
    const passing = this.#passing;
    this.#passing = [];
    for (const { kind, id } of passing) this.facts.remove(kind.name, id);
    return passing.length > 0;
  }

  /** @throws SessionFullError - There are too many. */
  checkFacts(): void {
    this.guard.check("factsMax", this.facts.size);
  }

  #isDue({ atMs, what, name, id }: Due): boolean {
    switch (what) {
      case "expiry":
        return this.beliefs.expiresAt(name, id) === atMs;
      case "leaving":
      case "closing":
        return this.windows.dueAt(name, id) === atMs;
      case "match": {
        const match = this.matches.get(name, id);
        return match?.status === "waiting" && match.dueAtMs === atMs;
      }
    }
  }
}

/** What a state has that a rule set of another version doesn't. */
export function namesWithout(
  { kinds, plans }: RunnableRules,
  { facts, windows, partials, matches }: SessionState,
): DroppedNames | undefined {
  const dropped: DroppedNames = {
    ...listed(
      "facts",
      unknown(facts, (name) => kinds.get(name)?.form === "fact"),
    ),
    ...listed(
      "windows",
      unknown(windows, (name) => isKept(kinds.get(name), windows[name])),
    ),
    ...listed(
      "partials",
      unknown(partials, (name) => kinds.get(name)?.form === "sequence"),
    ),
    ...listed(
      "matches",
      unknown(matches, (name) => plans.byName.has(name)),
    ),
  };
  return Object.keys(dropped).length === 0 ? undefined : dropped;
}

function unknown(maps: object, isKnown: (name: string) => boolean): readonly string[] {
  return Object.keys(maps).filter((name) => !isKnown(name));
}

/** A window that sums up otherwise begins anew. */
function isKept(kind: Kind | undefined, stored: PersistentMap<StoredWindow> | undefined): boolean {
  if (kind === undefined || stored === undefined || !isWindow(kind)) return false;
  const any = mapAny(stored);
  return any !== undefined && isSliding(any) === (kind.form === "sliding");
}
