/** How figures are taken: rounds interleaved with their baseline, medians with range, so that ratios hold on a noisy machine. */

/** One figure of one round. */
export interface Sample {
  /** The figure itself: per second unless the question says otherwise. */
  readonly value: number;
  readonly p50Ms?: number;
  readonly p99Ms?: number;
}

/** One way of doing the work that a question compares. */
export interface Contender {
  readonly name: string;
  run(): Promise<Sample>;
}

/** Median over the rounds, and the lowest and highest of them. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One line of the table. */
export interface Row {
  readonly question: string;
  readonly name: string;
  readonly value: Spread;
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
}

/** What a question is to reach. `measured` may be a ratio: then of one round each. */
export interface Target {
  readonly question: string;
  readonly wanted: string;
  readonly bound: number;
  readonly atLeast: boolean;
  readonly measured: Spread;
}

/** What a question found out. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** Points of a curve, for the plots. */
  readonly curves?: readonly Curve[];
}

export interface Curve {
  readonly plot: string;
  readonly name: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export class Comparison {
  readonly #samples = new Map<string, Sample[]>();

  constructor(readonly question: string) {}

  add(name: string, sample: Sample): void {
    const samples = this.#samples.get(name);
    if (samples === undefined) this.#samples.set(name, [sample]);
    else samples.push(sample);
  }

  rows(): Row[] {
    return [...this.#samples].map(([name, samples]) => ({
      question: this.question,
      name,
      value: spreadOf(samples.map(({ value }) => value)),
      p50Ms: medianOf(samples.map(({ p50Ms }) => p50Ms)),
      p99Ms: medianOf(samples.map(({ p99Ms }) => p99Ms)),
    }));
  }

  values(name: string): number[] {
    return this.#of(name).map(({ value }) => value);
  }

  /** Ratios within the same round. */
  ratioTo(name: string, baseline: string | Comparison): Spread {
    const own = this.values(name);
    const theirs = typeof baseline === "string" ? this.values(baseline) : baseline.values(name);
    return spreadOf(own.map((value, round) => value / (theirs[round] ?? Number.NaN)));
  }

  atLeastTimes(bound: number, name: string, baseline: string): Target {
    const wanted = `≥ ${bound} × ${baseline}`;
    return this.#target(wanted, bound, true, this.ratioTo(name, baseline));
  }

  /** The same contender in another comparison, round by round. */
  atLeastTimesThat(bound: number, name: string, other: Comparison, what: string): Target {
    return this.#target(`≥ ${bound} × ${what}`, bound, true, this.ratioTo(name, other));
  }

  atMostTimes(bound: number, name: string, baseline: string): Target {
    const wanted = `≤ ${bound} × ${baseline}`;
    return this.#target(wanted, bound, false, this.ratioTo(name, baseline));
  }

  atLeast(bound: number, name: string, unit: string): Target {
    const wanted = `≥ ${bound.toLocaleString("en")} ${unit}`;
    return this.#target(wanted, bound, true, spreadOf(this.values(name)));
  }

  atMost(bound: number, name: string, unit: string): Target {
    const wanted = `≤ ${bound.toLocaleString("en")} ${unit}`;
    return this.#target(wanted, bound, false, spreadOf(this.values(name)));
  }

  p99AtMost(boundMs: number, name: string): Target {
    const measured = spreadOf(this.#of(name).map(({ p99Ms = Number.NaN }) => p99Ms));
    return this.#target(`p99 < ${boundMs} ms`, boundMs, false, measured);
  }

  p50AtMost(boundMs: number, name: string): Target {
    const measured = spreadOf(this.#of(name).map(({ p50Ms = Number.NaN }) => p50Ms));
    return this.#target(`p50 < ${boundMs} ms`, boundMs, false, measured);
  }

  /** Of the same round. */
  p99AtMostTimes(bound: number, name: string, baseline: string): Target {
    const theirs = this.#of(baseline);
    const ratios = this.#of(name).map(
      ({ p99Ms = Number.NaN }, round) => p99Ms / (theirs[round]?.p99Ms ?? Number.NaN),
    );
    return this.#target(`p99 ≤ ${bound} × ${baseline}`, bound, false, spreadOf(ratios));
  }

  #of(name: string): readonly Sample[] {
    return this.#samples.get(name) ?? [];
  }

  #target(wanted: string, bound: number, atLeast: boolean, measured: Spread): Target {
    return { question: this.question, wanted, bound, atLeast, measured };
  }
}

/** Runs every contender in each round, in turn. */
export async function compare(
  question: string,
  rounds: number,
  contenders: readonly Contender[],
): Promise<Comparison> {
  const comparison = new Comparison(question);
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) comparison.add(contender.name, await contender.run());
  return comparison;
}

/** Met; missed within the spread of the run's own rounds; or missed in every round. */
export function verdictOf({ measured, bound, atLeast }: Target): "met" | "noise" | "missed" {
  const meets = (value: number) => (atLeast ? value >= bound : value <= bound);
  if (meets(measured.median)) return "met";
  return meets(measured.low) || meets(measured.high) ? "noise" : "missed";
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN,
    low: sorted[0] ?? Number.NaN,
    high: sorted[sorted.length - 1] ?? Number.NaN,
  };
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const given = values.filter((value) => value !== undefined);
  return given.length === 0 ? undefined : spreadOf(given).median;
}

/** `count` calls of `work`, `inFlight` at a time in a closed loop; the time of each is kept. */
export async function closedLoop(
  count: number,
  inFlight: number,
  work: (n: number) => Promise<unknown>,
): Promise<Sample> {
  const latenciesMs = new Float64Array(count);
  let next = 0;
  const startedAt = performance.now();
  async function worker(): Promise<void> {
    while (next < count) {
      const n = next++;
      const sentAt = performance.now();
      await work(n);
      latenciesMs[n] = performance.now() - sentAt;
    }
  }
  await Promise.all(Array.from({ length: inFlight }, worker));
  return sampleOf(latenciesMs, performance.now() - startedAt);
}

/**
 * `perSecond` calls of `work` for so long, each sent when it is due, whatever became of those before; the time of each
 * counts from when it was due.
 */
export async function openLoop(
  perSecond: number,
  seconds: number,
  work: (n: number) => Promise<unknown>,
): Promise<Sample> {
  const count = perSecond * seconds;
  const latenciesMs = new Float64Array(count);
  const answers: Promise<void>[] = [];
  const startedAt = performance.now();
  async function send(n: number, dueAt: number): Promise<void> {
    await work(n);
    latenciesMs[n] = performance.now() - dueAt;
  }
  while (answers.length < count) {
    for (let n = answers.length; n < count; n++) {
      const dueAt = startedAt + (n / perSecond) * 1_000;
      if (dueAt > performance.now()) break;
      answers.push(send(n, dueAt));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(answers);
  return sampleOf(latenciesMs, performance.now() - startedAt);
}

/** One call after the other, each timed by itself. */
export async function oneByOne(
  count: number,
  work: (n: number) => Promise<void> | void,
): Promise<Sample> {
  globalThis.gc?.();
  const latenciesMs = new Float64Array(count);
  const startedAt = performance.now();
  for (let n = 0; n < count; n++) {
    const sentAt = performance.now();
    const pending = work(n);
    // A synchronous contender isn't made to wait.
    if (pending !== undefined) await pending;
    latenciesMs[n] = performance.now() - sentAt;
  }
  return sampleOf(latenciesMs, performance.now() - startedAt);
}

function sampleOf(latenciesMs: Float64Array, tookMs: number): Sample {
  const count = latenciesMs.length;
  latenciesMs.sort();
  return {
    value: (count / tookMs) * 1_000,
    p50Ms: latenciesMs[Math.floor(count * 0.5)] ?? 0,
    p99Ms: latenciesMs[Math.floor(count * 0.99)] ?? 0,
  };
}

/** How many a second, of work that is done in one go. */
export async function rateOf(count: number, work: () => unknown): Promise<Sample> {
  // What the contender before left behind is collected now, as far as it can be.
  globalThis.gc?.();
  const startedAt = performance.now();
  const done = await work();
  if (typeof done === "number" && done !== count)
    throw new Error(`${count} were to be done, ${done} were`);
  return { value: (count / (performance.now() - startedAt)) * 1_000 };
}
