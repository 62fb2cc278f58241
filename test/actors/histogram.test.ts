import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/kernel/histogram.js";

const values = fc.array(
  fc.oneof(fc.nat(), fc.nat(200), fc.double({ min: 0, max: 1e7, noNaN: true })),
  {
    minLength: 1,
    maxLength: 200,
  },
);

function histogramOf(given: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of given) histogram.record(value);
  return histogram;
}

describe("a histogram", () => {
  it("gives percentiles that aren't below the true ones, and at most a quarter above", () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (given, percent) => {
        const sorted = given.map(Math.floor).sort((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil((sorted.length * percent) / 100)) - 1]!;
        const told = histogramOf(given).percentile(percent);
        expect(told).toBeGreaterThanOrEqual(exact);
        expect(told).toBeLessThanOrEqual(exact * 1.25);
      }),
    );
  });

  it("counts below each bound what is below it, and all at the end", () => {
    fc.assert(
      fc.property(values, (given) => {
        const { count, sum, buckets } = histogramOf(given).figures(2, 2 ** 20);
        const whole = given.map(Math.floor);
        expect(count).toBe(given.length);
        expect(sum).toBe(whole.reduce((total, value) => total + value, 0));
        for (const { below, count: counted } of buckets)
          expect(counted).toBe(whole.filter((value) => value < below).length);
      }),
    );
  });

  it("merged with another one says what one of both would", () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const merged = histogramOf(a);
        merged.merge(histogramOf(b));
        expect(merged.figures(2, 2 ** 30)).toEqual(histogramOf([...a, ...b]).figures(2, 2 ** 30));
      }),
    );
  });

  it("takes what is no amount of time without harm, and forgets all when cleared", () => {
    const histogram = histogramOf([-5, NaN, Infinity, 1e300]);
    expect(histogram.percentile(50)).toBe(0);
    expect(histogram.percentile(100)).toBe(2 ** 31 - 1);
    histogram.clear();
    expect(histogram.figures(2, 4)).toEqual({
      count: 0,
      sum: 0,
      buckets: [2, 4, Infinity].map((below) => ({ below, count: 0 })),
    });
    expect(histogram.percentile(99)).toBe(0);
  });
});
