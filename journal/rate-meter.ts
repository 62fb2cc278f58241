/** How fast a position moves, over the last ten seconds or so in which it did. */
import type { Position } from "../src/kernel/event.js";

const SLICE_MS = 1_000;
const SLICES = 10;
/** After so long without a move there was nothing to do: that time says nothing of the speed. */
const IDLE_MS = 2_000;

interface Mark {
  readonly atMs: number;
  readonly position: Position;
}

export class RateMeter {
  /** Where it was at the beginning of the last slices of time. */
  #marks: Mark[] = [];
  #last: Mark;

  constructor(nowMs: number, position: Position) {
    this.#last = { atMs: nowMs, position };
  }

  advanced(nowMs: number, position: Position): void {
    const mark = { atMs: nowMs, position };
    if (this.#marks.length === 0 || nowMs - this.#last.atMs > IDLE_MS) this.#marks = [mark];
    const newest = this.#marks[this.#marks.length - 1] as Mark;
    if (nowMs - newest.atMs >= SLICE_MS) this.#marks.push(mark);
    if (this.#marks.length > SLICES) this.#marks.shift();
    this.#last = mark;
  }

  /** Positions a second; 0 until it has moved twice, and once it hasn't for ten seconds. */
  perSecond(nowMs: number): number {
    const [first] = this.#marks;
    if (first === undefined || nowMs - this.#last.atMs > SLICES * SLICE_MS) return 0;
    const elapsedMs = this.#last.atMs - first.atMs;
    return elapsedMs <= 0 ? 0 : ((this.#last.position - first.position) * 1_000) / elapsedMs;
  }
}
