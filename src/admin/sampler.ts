/** Rates of what only counts: a sample a second, while somebody looks. */
import type { Clock, Timer } from "../kernel/clock.js";

/** Counts at a moment, by name. */
export type Counts = Readonly<Record<string, number>>;

interface Sample {
  readonly atMs: number;
  readonly counts: Counts;
}

const SAMPLE_EVERY_MS = 1_000;
/** Rates are over so long. */
const WINDOW_MS = 10_000;
/** Nobody has looked for so long: the next one gets the average since then. */
const IDLE_MS = 60_000;

export class Sampler {
  readonly #clock: Clock;
  readonly #read: () => Counts;
  #samples: Sample[];
  #lookedAtMs = 0;
  #timer: Timer | undefined;
  #closed = false;

  /** @param read - Counts that only grow, at no cost. */
  constructor(clock: Clock, read: () => Counts) {
    this.#clock = clock;
    this.#read = read;
    this.#samples = [this.#sample()];
  }

  /** A second, by name: over the last ten seconds, or since the last look before that. */
  rates(): Counts {
    this.#lookedAtMs = this.#clock.monotonicMs();
    this.#take();
    this.#takeLater();
    const last = this.#samples[this.#samples.length - 1];
    if (last === undefined) return {};
    // Where nobody has looked for long the window begins with the last sample before it.
    const isIn = ({ atMs }: Sample) =>
      last.atMs - atMs <= WINDOW_MS && last.atMs - atMs >= SAMPLE_EVERY_MS;
    const first = this.#samples.find(isIn) ?? this.#samples[0] ?? last;
    const seconds = (last.atMs - first.atMs) / 1_000;
    const rates = Object.entries(last.counts).map(([name, count]) => [
      name,
      seconds <= 0 ? 0 : Math.max(0, count - (first.counts[name] ?? 0)) / seconds,
    ]);
    return Object.fromEntries(rates) as Counts;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #take(): void {
    const sample = this.#sample();
    const last = this.#samples[this.#samples.length - 1];
    // Two looks at one moment are one: the later would be a rate over nothing.
    if (last !== undefined && last.atMs === sample.atMs) return;
    this.#samples.push(sample);
    const isNew = ({ atMs }: Sample) => sample.atMs - atMs <= WINDOW_MS;
    // The last one that is old stays, for whoever looks first after long.
    const firstNew = this.#samples.findIndex(isNew);
    if (firstNew > 1) this.#samples = this.#samples.slice(firstNew - 1);
  }

  #takeLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#clock.setTimer(SAMPLE_EVERY_MS, () => {
      this.#timer = undefined;
      this.#take();
      if (this.#clock.monotonicMs() - this.#lookedAtMs < IDLE_MS) this.#takeLater();
    });
  }

  #sample(): Sample {
    return { atMs: this.#clock.monotonicMs(), counts: this.#read() };
  }
}
