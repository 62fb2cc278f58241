/** How figures are taken: rounds interleaved with their baseline, medians with range, so that ratios hold on a noisy machine. */

/** One figure of one round. */
export interface Sample {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One way of doing the work that a question compares. */
export interface Contender {
  readonly name: string;
  /** The baseline that ratios refer to. */
  readonly baseline?: boolean;
  run(): Promise<Sample>;
}

export interface Row {
  readonly question: string;
  readonly name: string;
  readonly perSecond: number;
  readonly perSecondRange: readonly [number, number];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Median of the ratios to the baseline, each within one round. */
  readonly ratio: number;
}

/** Runs every contender in each round, in turn, and takes the median over the rounds. */
export async function compare(
  question: string,
  rounds: number,
  contenders: readonly Contender[],
): Promise<Row[]> {
  const samples = contenders.map((): Sample[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, contender] of contenders.entries()) samples[at]?.push(await contender.run());
  }
  const baseline = samples[contenders.findIndex((contender) => contender.baseline === true)] ?? [];
  return contenders.map(({ name }, at) => {
    const own = samples[at] ?? [];
    const rates = own.map(({ perSecond }) => perSecond);
    return {
      question,
      name,
      perSecond: median(rates),
      perSecondRange: [Math.min(...rates), Math.max(...rates)],
      p50Ms: median(own.map(({ p50Ms }) => p50Ms)),
      p99Ms: median(own.map(({ p99Ms }) => p99Ms)),
      ratio: median(rates.map((rate, round) => rate / (baseline[round]?.perSecond ?? Number.NaN))),
    };
  });
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
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
  const seconds = (performance.now() - startedAt) / 1_000;
  latenciesMs.sort();
  return {
    perSecond: count / seconds,
    p50Ms: latenciesMs[Math.floor(count * 0.5)] ?? 0,
    p99Ms: latenciesMs[Math.floor(count * 0.99)] ?? 0,
  };
}
