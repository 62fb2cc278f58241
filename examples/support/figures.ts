/** Figures as people read them. */
const COUNT = new Intl.NumberFormat("en");

export const count = (value: number): string => COUNT.format(Math.round(value));

/** Latencies in milliseconds, to be asked for the one that a share of them doesn't exceed. */
export class Latencies {
  readonly #values: number[] = [];

  get size(): number {
    return this.#values.length;
  }

  add(ms: number): void {
    this.#values.push(ms);
  }

  async time<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    this.add(performance.now() - startedAt);
    return result;
  }

  /** @param share - 0.5 for the median, 1 for the slowest. */
  quantile(share: number): number {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  }

  toString(): string {
    const ms = (share: number) => `${this.quantile(share).toFixed(1)} ms`;
    return `p50 ${ms(0.5)}, p99 ${ms(0.99)}, slowest ${ms(1)} (${count(this.size)})`;
  }
}

/** Lines of a name and a text, the texts below one another. */
export function lines(rows: readonly (readonly [name: string, text: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `  ${name.padEnd(width)}${text}`).join("\n");
}
