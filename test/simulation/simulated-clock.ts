/**
 * Time, and the order of things, from a seed: everything that engines put off or wait for is in one queue, and what is due
 * at the same time comes in a random order that the seed decides. So the same seed gives the same run.
 */
import type { Clock, Timer } from "../../src/kernel/clock.js";

interface Task {
  readonly atMs: number;
  readonly tieBreak: number;
  readonly run: () => void;
}

/** A turn of the event loop, in which everything that promises set off is done. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

export class SimulatedClock implements Clock {
  readonly #random: () => number;
  #tasks: Task[] = [];
  #life = 0;
  #elapsedMs = 0;
  #wallMs = Date.UTC(2026, 0, 1);

  constructor(random: () => number) {
    this.#random = random;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const task = this.#add(delayMs, run);
    return { cancel: () => void (this.#tasks = this.#tasks.filter((other) => other !== task)) };
  }

  /** A disk or a busy loop may take its time: up to 5 ms. */
  defer(run: () => void): void {
    this.#add(Math.floor(this.#random() * 6), run);
  }

  #add(delayMs: number, run: () => void): Task {
    const task = { atMs: this.#elapsedMs + delayMs, tieBreak: this.#random(), run };
    this.#tasks.push(task);
    return task;
  }

  /** The wall clock jumps, as a time server makes it. */
  jumpWall(ms: number): void {
    this.#wallMs += ms;
  }

  /** Does the next thing that is due within `withinMs`; false where there is none. */
  async step(withinMs: number): Promise<boolean> {
    await turn();
    let next: Task | undefined;
    for (const task of this.#tasks) if (next === undefined || isBefore(task, next)) next = task;
    if (next === undefined || next.atMs > this.#elapsedMs + withinMs) return false;
    this.#tasks = this.#tasks.filter((task) => task !== next);
    const passedMs = Math.max(0, next.atMs - this.#elapsedMs);
    this.#elapsedMs += passedMs;
    this.#wallMs += passedMs;
    next.run();
    await turn();
    return true;
  }

  /** The clock of one life of the process. */
  newLife(): Clock {
    const life = ++this.#life;
    const isOver = () => life !== this.#life;
    return {
      nowMs: () => this.nowMs(),
      monotonicMs: () => this.monotonicMs(),
      setTimer: (delayMs, run) =>
        isOver() ? { cancel: () => undefined } : this.setTimer(delayMs, run),
      defer: (run) => {
        if (!isOver()) this.defer(run);
      },
    };
  }

  /** The process is gone: nothing of what was put off will happen, and what it was about to do comes to nothing. */
  async endLife(): Promise<void> {
    this.#life += 1;
    this.#tasks = [];
    // What promises had set off already belongs to the time before.
    await turn();
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tieBreak < b.tieBreak);
}
