/**
 * A histogram of whole numbers (microseconds, commits) in a fixed array of exponential buckets: four for each power of two,
 * so a percentile is at most a quarter too high. Recording allocates nothing.
 *
 * ```
 * value    0 1 2 3 | 4 5 6 7 | 8-9 10-11 12-13 14-15 | 16-19 … | 32-39 … | up to 2^31 - 1, and what is above
 * bucket   0 1 2 3 | 4 5 6 7 | 8   9     10    11    | 12    … | 16    …
 * ```
 */

const BUCKETS = 120;
const VALUE_MAX = 2 ** 31 - 1;

/** A histogram as data. */
export interface HistogramFigures {
  readonly count: number;
  readonly sum: number;
  /** Ascending. `count` is of all values below `below`; the last is of all there are. */
  readonly buckets: readonly { readonly below: number; readonly count: number }[];
}

export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;

  get count(): number {
    return this.#count;
  }

  /** @param value - Fractions are cut off; below 0 it counts as 0. */
  record(value: number): void {
    const whole = value > 0 ? (value < VALUE_MAX ? value | 0 : VALUE_MAX) : 0;
    const bucket = bucketOf(whole);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count += 1;
    this.#sum += whole;
  }

  /** Adds what another one counted. */
  merge(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      this.#counts[bucket] = (this.#counts[bucket] as number) + (other.#counts[bucket] as number);
    this.#count += other.#count;
    this.#sum += other.#sum;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = this.#sum = 0;
  }

  /**
   * The value that so many percent aren't above: the upper end of its bucket. 0 where nothing was counted.
   *
   * @param percent - From 0 to 100.
   */
  percentile(percent: number): number {
    const wanted = Math.max(1, Math.ceil((this.#count * percent) / 100));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= wanted) return upperOf(bucket);
    }
    return 0;
  }

  /** As data: a bucket for each power of two from `from` to `to`, which are some, and one for all. */
  figures(from: number, to: number): HistogramFigures {
    const buckets: { below: number; count: number }[] = [];
    let seen = 0;
    let next = 0;
    for (let below = from; below <= to; below *= 2) {
      while (next < BUCKETS && upperOf(next) < below) seen += this.#counts[next++] as number;
      buckets.push({ below, count: seen });
    }
    buckets.push({ below: Infinity, count: this.#count });
    return { count: this.#count, sum: this.#sum, buckets };
  }
}

function bucketOf(value: number): number {
  if (value < 4) return value;
  const power = 31 - Math.clz32(value);
  return (power - 1) * 4 + ((value >>> (power - 2)) & 3);
}

/** The highest value in a bucket. */
function upperOf(bucket: number): number {
  if (bucket < 4) return bucket;
  const power = (bucket >>> 2) + 1;
  return 2 ** power + ((bucket & 3) + 1) * 2 ** (power - 2) - 1;
}
