/** What becomes due in a session: facts that expire, windows that close, matches that have waited for their time. */
import { Heap } from "./heap.js";

export type DueKind = "expiry" | "leaving" | "closing" | "match";

export interface Due {
  readonly atMs: number;
  readonly what: DueKind;
  /** Of the kind, or of the rule. */
  readonly name: string;
  /** Id of the fact, key of the match. */
  readonly id: string;
}

const RANKS: Readonly<Record<DueKind, number>> = { expiry: 0, leaving: 1, closing: 1, match: 2 };

/** How far time has come. */
export interface Bounds {
  /** What is due before happens. */
  readonly dueMs: number;
  /** Windows that end before close: they wait for what may come late. */
  readonly closeMs: number;
}

export class Dues {
  readonly #closings: Heap<Due>;
  readonly #others: Heap<Due>;

  /** @param isCurrent - Whether it is still due, and then. */
  constructor(isCurrent: (due: Due) => boolean) {
    this.#closings = new Heap(isBefore, isCurrent);
    this.#others = new Heap(isBefore, isCurrent);
  }

  add(atMs: number, what: DueKind, name: string, id: string): void {
    (what === "closing" ? this.#closings : this.#others).add({ atMs, what, name, id });
  }

  /** The next one within the bounds. It is taken once what it is of has changed. */
  next({ dueMs, closeMs }: Bounds): Due | undefined {
    const closing = before(this.#closings.first(), closeMs);
    const other = before(this.#others.first(), dueMs);
    if (closing === undefined || other === undefined) return closing ?? other;
    return isBefore(closing, other) ? closing : other;
  }

  earliestMs(): number | undefined {
    const closingMs = this.#closings.first()?.atMs;
    const otherMs = this.#others.first()?.atMs;
    if (closingMs === undefined || otherMs === undefined) return closingMs ?? otherMs;
    return Math.min(closingMs, otherMs);
  }
}

function before(due: Due | undefined, ms: number): Due | undefined {
  return due !== undefined && due.atMs < ms ? due : undefined;
}

function isBefore(a: Due, b: Due): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (RANKS[a.what] !== RANKS[b.what]) return RANKS[a.what] < RANKS[b.what];
  if (a.name !== b.name) return a.name < b.name;
  return a.id < b.id;
}
