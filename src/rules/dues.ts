/** What becomes due in a session: facts that expire, windows that close, matches that have waited for their time. */
import { Heap } from "./heap.js";

export type DueKind = "expiry" | "window" | "match";

export interface Due {
  readonly atMs: number;
  readonly what: DueKind;
  /** Of the kind, or of the rule. */
  readonly name: string;
  /** Id of the fact, key of the match. */
  readonly id: string;
}

const RANKS: Readonly<Record<DueKind, number>> = { expiry: 0, window: 1, match: 2 };

export class Dues {
  readonly #heap: Heap<Due>;

  /** @param isCurrent - Whether it is still due, and then. */
  constructor(isCurrent: (due: Due) => boolean) {
    this.#heap = new Heap(isBefore, isCurrent);
  }

  add(atMs: number, what: DueKind, name: string, id: string): void {
    this.#heap.add({ atMs, what, name, id });
  }

  /** The next one before a moment. It is taken once what it is of has changed. */
  next(beforeMs: number): Due | undefined {
    const first = this.#heap.first();
    return first !== undefined && first.atMs < beforeMs ? first : undefined;
  }

  earliestMs(): number | undefined {
    return this.#heap.first()?.atMs;
  }
}

function isBefore(a: Due, b: Due): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.what !== b.what) return RANKS[a.what] < RANKS[b.what];
  if (a.name !== b.name) return a.name < b.name;
  return a.id < b.id;
}
