/**
 * The sequences of a session in memory. What has begun is kept by the position of its first event; each event takes it at most one step
 * further, those that are furthest first, and may begin another.
 */
import { distinct } from "./causes.js";
import type { Kind } from "./fact.js";
import { PassingFact, type FactStore } from "./fact-store.js";
import { isTrue } from "./matcher.js";
import { EMPTY_MAP, mapForEach } from "./persistent-map.js";
import type { ErasedStep, SequenceEvent, SequenceKind, SequenceValue } from "./sequence.js";
import type { Cause } from "./cause.js";
import type { SessionState, StoredPartial } from "./session.js";
import type { StepGuard } from "./step-guard.js";

type PartialEvent = StoredPartial["events"][number];

/** An event, as sequences look at it. */
export interface SeenEvent {
  readonly type: string;
  readonly data: unknown;
  readonly atMs: number;
  readonly cause: Cause;
}

export class LiveSequences {
  readonly #facts: FactStore;
  readonly #guard: StepGuard;
  readonly #kinds: readonly SequenceKind[];
  /** By kind and id. */
  readonly #begun = new Map<string, Map<string, StoredPartial>>();
  #size = 0;
  /** Ids of what has changed, by kind; for the record. */
  #changed = new Map<string, Set<string>>();

  constructor(facts: FactStore, guard: StepGuard, kinds: Iterable<Kind>) {
    this.#facts = facts;
    this.#guard = guard;
    this.#kinds = [...kinds].filter((kind): kind is SequenceKind => kind.form === "sequence");
    for (const { name } of this.#kinds) this.#begun.set(name, new Map());
  }

  load({ partials }: SessionState): void {
    for (const { name, steps } of this.#kinds) {
      mapForEach(partials[name] ?? EMPTY_MAP, (id, partial) => {
        // One of the sequence as it was before the rule set changed can't go on.
        if (!mayGoOn(partial, steps)) {
          this.#note(name, id);
          return;
        }
        this.#begun.get(name)?.set(id, partial);
        this.#size += 1;
      });
    }
  }

  get(kind: string, id: string): StoredPartial | undefined {
    return this.#begun.get(kind)?.get(id);
  }

  /**
   * Shows an event to all sequences; those that it completes are facts then.
   *
   * @param overMs - What can't be complete before this is let go.
   */
  take(event: SeenEvent, overMs: number): readonly PassingFact[] {
    const complete: PassingFact[] = [];
    for (const kind of this.#kinds)
      this.#guard.run(
        () => `sequence ${kind.name}`,
        () => this.#take(kind, event, overMs, complete),
      );
    this.#guard.check("matchesMax", this.#size);
    for (const fact of complete) this.#facts.put(fact);
    return complete;
  }

  takeChanged(): ReadonlyMap<string, ReadonlySet<string>> {
    const changed = this.#changed;
    this.#changed = new Map();
    return changed;
  }

  #take(kind: SequenceKind, event: SeenEvent, overMs: number, complete: PassingFact[]): void {
    const { name, steps, withinMs, without, overlap } = kind;
    const isOf = without.has(event.type) || steps.some(({ type }) => type === event.type);
    if (!isOf) return;
    for (const [id, partial] of this.#begunOf(name))
      if (firstMs(partial) + withinMs < overMs) this.#remove(name, id);
    if (without.has(event.type)) {
      for (const [id, partial] of this.#begunOf(name))
        if (firstMs(partial) <= event.atMs) this.#remove(name, id);
      return;
    }
    const wasTaken = this.#advance(kind, event, complete);
    if (!fits(steps[0], event, [])) return;
    if (overlap === "first" && (wasTaken || this.#isUnderway(kind, event.atMs))) return;
    const id = idOf(event.cause);
    this.#put(name, id, { events: [event] });
    if (overlap === "latest") this.#keepLatest(name, id, 1);
  }

  /** @returns Whether the event was the next of any. */
  #advance(kind: SequenceKind, event: SeenEvent, complete: PassingFact[]): boolean {
    const { name, steps, withinMs, overlap } = kind;
    // The furthest first: none may take the place of one that is yet to go on.
    const begun = this.#begunOf(name).sort(([, a], [, b]) => b.events.length - a.events.length);
    let wasTaken = false;
    for (const [id, partial] of begun) {
      const { events } = partial;
      const isInTime = event.atMs >= lastMs(partial) && event.atMs - firstMs(partial) <= withinMs;
      if (!isInTime || !fits(steps[events.length], event, events)) continue;
      wasTaken = true;
      this.#remove(name, id);
      const longer: StoredPartial = { events: [...events, event] };
      if (longer.events.length === steps.length) complete.push(completeFact(kind, id, longer));
      else this.#put(name, id, longer);
      if (overlap === "latest") this.#keepLatest(name, id, longer.events.length);
    }
    return wasTaken;
  }

  /** Of those that have come so far only the one that began last goes on. */
  #keepLatest(name: string, latest: string, length: number): void {
    for (const [id, { events }] of this.#begunOf(name))
      if (events.length === length && id !== latest) this.#remove(name, id);
  }

  #isUnderway({ name, withinMs }: SequenceKind, atMs: number): boolean {
    return this.#begunOf(name).some(([, partial]) => atMs - firstMs(partial) <= withinMs);
  }

  /** In the order in which they began. */
  #begunOf(name: string): [string, StoredPartial][] {
    return [...(this.#begun.get(name) ?? [])].sort(([, a], [, b]) => beganBefore(a, b));
  }

  #put(name: string, id: string, partial: StoredPartial): void {
    this.#begun.get(name)?.set(id, partial);
    this.#size += 1;
    this.#note(name, id);
  }

  #remove(name: string, id: string): void {
    if (this.#begun.get(name)?.delete(id) !== true) return;
    this.#size -= 1;
    this.#note(name, id);
  }

  #note(name: string, id: string): void {
    const ids = this.#changed.get(name);
    if (ids === undefined) this.#changed.set(name, new Set([id]));
    else ids.add(id);
  }
}

function mayGoOn({ events }: StoredPartial, steps: readonly ErasedStep[]): boolean {
  return (
    events.length < steps.length && events.every(({ type }, place) => steps[place]?.type === type)
  );
}

function fits(
  step: ErasedStep | undefined,
  event: SeenEvent,
  earlier: readonly PartialEvent[],
): boolean {
  if (step?.type !== event.type) return false;
  return step.where === undefined || isTrue(step.where(plain(event), earlier.map(plain)));
}

function completeFact(kind: SequenceKind, id: string, { events }: StoredPartial): PassingFact {
  const last = events[events.length - 1] as PartialEvent;
  const value: SequenceValue = Object.freeze({
    events: Object.freeze(events.map(plain)),
    firstAtMs: (events[0] as PartialEvent).atMs,
    lastAtMs: last.atMs,
  });
  const causes = distinct(events.map(({ cause }) => cause));
  return new PassingFact(kind, id, value, last.atMs, { causes });
}

function plain({ type, data, atMs }: PartialEvent): SequenceEvent {
  return { type, data, atMs };
}

function firstMs({ events }: StoredPartial): number {
  return (events[0] as PartialEvent).atMs;
}

function lastMs({ events }: StoredPartial): number {
  return (events[events.length - 1] as PartialEvent).atMs;
}

function beganBefore(a: StoredPartial, b: StoredPartial): number {
  const [first, second] = [a.events[0]?.cause, b.events[0]?.cause];
  if (first === undefined || second === undefined) return 0;
  return first[0] - second[0] || first[1] - second[1];
}

/** The position of the first event, with its part where it isn't the only one. */
function idOf([position, part]: Cause): string {
  return part === 0 ? String(position) : `${position}.${part}`;
}
