/** The windows of a session in memory: what is added to them, what leaves them, when they close. */
import type { Due, Dues } from "./dues.js";
import type { Kind } from "./fact.js";
import type { FactStore } from "./fact-store.js";
import { Heap } from "./heap.js";
import { mapForEach } from "./persistent-map.js";
import type { SessionState } from "./session.js";
import type { StepGuard } from "./step-guard.js";
import type {
  SessionWindowKind,
  SlidingWindowKind,
  TumblingWindowKind,
  WindowKind,
} from "./window.js";
import { WindowFact, type LabelCounts } from "./window-fact.js";
import {
  changedWindow,
  countAged,
  isSliding,
  joinedSums,
  oldestOf,
  oldestSamples,
  type StoredSample,
  type StoredWindow,
  type WindowChange,
  type WindowSums,
} from "./window-store.js";

interface Leaving {
  readonly atMs: number;
  readonly kind: SlidingWindowKind;
  readonly id: string;
}

/** Which moments windows are to look at. */
export interface WindowMoment {
  readonly clockMs: number;
  /** Whether a window that ends then has closed. */
  hasPassed(ms: number): boolean;
}

export class LiveWindows {
  readonly #facts: FactStore;
  readonly #dues: Dues;
  readonly #guard: StepGuard;
  readonly #leaving: Heap<Leaving>;
  /** Ids of session windows, by kind and group. */
  readonly #groups = new Map<string, Set<string>>();
  #samples = 0;
  #changes: WindowChange[] = [];

  constructor(facts: FactStore, dues: Dues, guard: StepGuard) {
    this.#facts = facts;
    this.#dues = dues;
    this.#guard = guard;
    this.#leaving = new Heap<Leaving>(
      leavesBefore,
      ({ atMs, kind, id }) => this.#leavesAt(kind, id) === atMs,
    );
  }

  load({ windows }: SessionState, kinds: ReadonlyMap<string, Kind>): void {
    for (const [name, map] of Object.entries(windows)) {
      const kind = kinds.get(name);
      if (kind === undefined || !isWindow(kind)) continue;
      mapForEach(map, (id, stored) => {
        if (isSliding(stored) === (kind.form === "sliding")) this.#load(kind, id, stored);
      });
    }
    this.#facts.takeDirty();
  }

  get(kind: string, id: string): WindowFact | undefined {
    const fact = this.#facts.get(kind, id);
    return fact instanceof WindowFact ? fact : undefined;
  }

  add(kind: WindowKind, group: string, sample: StoredSample, moment: WindowMoment): void {
    switch (kind.form) {
      case "sliding":
        if (sample[0] + kind.sizeMs > moment.clockMs)
          this.#change(kind, group, [kind.name, group, "sample", sample]);
        break;
      case "counter":
        this.#addToCounter(kind, group, sample);
        break;
      case "tumbling":
        this.#addToTumbling(kind, group, sample, moment);
        break;
      case "session":
        this.#addToSession(kind, group, sample, moment);
    }
    this.#guard.check("samplesMax", this.#samples);
  }

  /** Samples leave the sliding windows. */
  sweep(clockMs: number): void {
    for (let next = this.#leaving.first(); next !== undefined; next = this.#leaving.first()) {
      const { kind, id, atMs } = next;
      if (atMs > clockMs) return;
      const { stored, labels } = this.get(kind.name, id) as WindowFact;
      if (!isSliding(stored)) return;
      const count = countAged(stored, kind.sizeMs, clockMs);
      for (const [, , , label] of oldestSamples(stored, count)) uncount(labels, label);
      this.#change(kind, id, [kind.name, id, "left", count]);
    }
  }

  /** When a window is due; undefined where it isn't. */
  dueAt(name: string, id: string): number | undefined {
    const fact = this.get(name, id);
    if (fact === undefined || fact.isClosed) return undefined;
    const { kind, stored } = fact;
    if (kind.form === "sliding") return kind.prompt ? this.#leavesAt(kind, id) : undefined;
    return kind.form === "counter" || isSliding(stored) ? undefined : stored.toMs;
  }

  /** Says that a window has closed. @returns What then takes it away. */
  close({ name, id }: Due): () => void {
    const { kind, stored, labels } = this.get(name, id) as WindowFact;
    this.#facts.put(new WindowFact(kind, id, stored, labels, true));
    return () => this.#change(kind, id, [name, id, "gone"]);
  }

  takeChanges(): readonly WindowChange[] {
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  #addToCounter(kind: WindowKind, id: string, sample: StoredSample): void {
    const stored = this.get(kind.name, id)?.stored as WindowSums | undefined;
    const fromMs = Math.min(stored?.fromMs ?? sample[0], sample[0]);
    const toMs = Math.max(stored?.toMs ?? sample[0], sample[0]);
    this.#change(kind, id, [kind.name, id, "sum", sample, fromMs, toMs]);
  }

  #addToTumbling(
    kind: TumblingWindowKind,
    group: string,
    sample: StoredSample,
    moment: WindowMoment,
  ): void {
    const { sizeMs, offsetMs } = kind;
    const fromMs = Math.floor((sample[0] - offsetMs) / sizeMs) * sizeMs + offsetMs;
    const id = windowId(group, fromMs);
    const fact = this.get(kind.name, id);
    const toMs = fact === undefined ? fromMs + sizeMs : (fact.stored as WindowSums).toMs;
    const isClosed = fact === undefined ? moment.hasPassed(toMs) : fact.isClosed;
    if (!isClosed) this.#change(kind, id, [kind.name, id, "sum", sample, fromMs, toMs]);
  }

  /** It lengthens the window that it is near to, makes one of two, or begins another. */
  #addToSession(
    kind: SessionWindowKind,
    group: string,
    sample: StoredSample,
    moment: WindowMoment,
  ): void {
    const { name, gapMs } = kind;
    const atMs = sample[0];
    const near = this.#openWindows(kind, group).filter(
      ({ stored: { fromMs, toMs } }) => fromMs - gapMs <= atMs && atMs <= toMs,
    );
    if (near.length === 0 && moment.hasPassed(atMs + gapMs)) return;
    const fromMs = Math.min(atMs, ...near.map(({ stored }) => stored.fromMs));
    const id = windowId(group, fromMs);
    const into = near.find((window) => window.id === id)?.stored;
    const toMs = Math.max(into?.toMs ?? atMs + gapMs, atMs + gapMs);
    this.#change(kind, id, [name, id, "sum", sample, fromMs, toMs]);
    for (const window of near)
      if (window.id !== id) this.#change(kind, window.id, [name, window.id, "joined", id]);
  }

  /** In order of time. */
  #openWindows(
    kind: WindowKind,
    group: string,
  ): readonly { readonly id: string; readonly stored: WindowSums }[] {
    const open: { readonly id: string; readonly stored: WindowSums }[] = [];
    for (const id of this.#groups.get(groupKey(kind.name, group)) ?? []) {
      const fact = this.get(kind.name, id);
      if (fact !== undefined && !fact.isClosed && !isSliding(fact.stored))
        open.push({ id, stored: fact.stored });
    }
    return open.sort((a, b) => a.stored.fromMs - b.stored.fromMs);
  }

  #load(kind: WindowKind, id: string, stored: StoredWindow): void {
    const labels: LabelCounts = new Map();
    if (isSliding(stored)) {
      for (const [, , , label] of oldestSamples(stored, stored.count)) count(labels, label);
      this.#samples += stored.count;
    } else {
      this.#samples += stored.distinct ?? 0;
    }
    this.#put(new WindowFact(kind, id, stored, labels));
  }

  /** Records a change, and makes it. */
  #change(kind: WindowKind, id: string, change: WindowChange): void {
    this.#changes.push(change);
    const before = this.get(kind.name, id);
    const labels: LabelCounts = before?.labels ?? new Map();
    this.#samples -= weightOf(before?.stored);
    if (change[2] === "joined") this.#join(change[3], before?.stored as WindowSums);
    if (change[2] === "sample") count(labels, change[3][3]);
    const stored = changedWindow(before?.stored, change);
    this.#samples += weightOf(stored);
    if (stored !== undefined) {
      this.#put(new WindowFact(kind, id, stored, labels));
      return;
    }
    this.#facts.remove(kind.name, id);
    if (kind.form === "session") this.#ungroup(kind.name, id);
  }

  #join(id: string, part: WindowSums): void {
    const [change] = this.#changes.slice(-1);
    const { kind, stored, labels } = this.get(change?.[0] ?? "", id) as WindowFact;
    const joined = joinedSums(stored as WindowSums, part);
    this.#samples += weightOf(joined) - weightOf(stored);
    this.#put(new WindowFact(kind, id, joined, labels));
  }

  #put(fact: WindowFact): void {
    const { kind, id } = fact;
    // What stays due as it was is on the list.
    const wasDueMs = this.dueAt(kind.name, id);
    const wasLeavingMs = kind.form === "sliding" ? this.#leavesAt(kind, id) : undefined;
    this.#facts.put(fact);
    const dueMs = this.dueAt(kind.name, id);
    if (dueMs !== undefined && dueMs !== wasDueMs) {
      const what = kind.form === "sliding" ? "leaving" : "closing";
      this.#dues.add(dueMs, what, kind.name, id);
    }
    if (kind.form === "session") this.#group(kind.name, id);
    if (kind.form !== "sliding") return;
    const atMs = this.#leavesAt(kind, id);
    if (atMs !== undefined && atMs !== wasLeavingMs) this.#leaving.add({ atMs, kind, id });
  }

  #leavesAt({ name, sizeMs }: SlidingWindowKind, id: string): number | undefined {
    const stored = this.get(name, id)?.stored;
    const oldest = stored !== undefined && isSliding(stored) ? oldestOf(stored) : undefined;
    return oldest === undefined ? undefined : oldest[0] + sizeMs;
  }

  #group(kind: string, id: string): void {
    const key = groupKey(kind, groupOf(id));
    const ids = this.#groups.get(key);
    if (ids === undefined) this.#groups.set(key, new Set([id]));
    else ids.add(id);
  }

  #ungroup(kind: string, id: string): void {
    const key = groupKey(kind, groupOf(id));
    const ids = this.#groups.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.#groups.delete(key);
  }
}

function leavesBefore(a: Leaving, b: Leaving): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.kind !== b.kind) return a.kind.name < b.kind.name;
  return a.id < b.id;
}

export function isWindow(kind: Kind): kind is WindowKind {
  const { form } = kind;
  return form === "sliding" || form === "tumbling" || form === "session" || form === "counter";
}

/** What a window counts for among the samples. */
function weightOf(stored: StoredWindow | undefined): number {
  if (stored === undefined) return 0;
  return isSliding(stored) ? stored.count : (stored.distinct ?? 0);
}

function windowId(group: string, fromMs: number): string {
  return `${group}@${fromMs}`;
}

function groupOf(id: string): string {
  return id.slice(0, id.lastIndexOf("@"));
}

function groupKey(kind: string, group: string): string {
  return `${kind}\n${group}`;
}

function count(labels: LabelCounts, label: string | undefined): void {
  if (label !== undefined) labels.set(label, (labels.get(label) ?? 0) + 1);
}

function uncount(labels: LabelCounts, label: string | undefined): void {
  if (label === undefined) return;
  const left = (labels.get(label) ?? 0) - 1;
  if (left > 0) labels.set(label, left);
  else labels.delete(label);
}
