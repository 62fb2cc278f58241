/** How fast a position moves, over the last ten seconds or so. */
import type { Position } from "../src/kernel/event.js";

const SLICE_MS = 1_000;
const SLICES = 10;

export class RateMeter {
  /** Of the last slices of time: when each began, and where. */
  readonly #slices: { readonly atMs: number; readonly position: Position }[];
  #atMs: number;
  #position: Position;

  constructor(nowMs: number, position: Position) {
    this.#slices = [{ atMs: nowMs, position }];
    this.#atMs = nowMs;
    this.#position = position;
  }

  advanced(nowMs: number, position: Position): void {
    const last = this.#slices[this.#slices.length - 1];
    // After a time without anything to do, the rate is that of the work that begins now.
    if (nowMs - this.#atMs > SLICES * SLICE_MS)
      this.#slices.splice(0, SLICES, { atMs: nowMs, position: this.#position });
    else if (last === undefined || nowMs - last.atMs >= SLICE_MS)
      this.#slices.push({ atMs: nowMs, position });
    if (this.#slices.length > SLICES) this.#slices.shift();
    this.#atMs = nowMs;
    this.#position = position;
  }

  perSecond(): number {
    const first = this.#slices[0];
    if (first === undefined) return 0;
    const elapsedMs = this.#atMs - first.atMs;
    return elapsedMs <= 0 ? 0 : ((this.#position - first.position) * 1_000) / elapsedMs;
  }
}
