/** Figures as metrics, in the form of Prometheus: families with labels from what was defined, so that their number is bounded. */
import type { Health } from "../../projections/status.js";
import type { RuntimeStatus } from "../status.js";
import { ACTORS, COMMANDS, JOURNAL } from "./command-metrics.js";
import { HEALTH, MESSAGING } from "./messaging-metrics.js";
import type { FamilyDefinition, Measured, MetricFamily, MetricSample, Scaled } from "./metric.js";
import { COORDINATION, READERS } from "./reader-metrics.js";

/** Names stay: somebody's alerts depend on them. The list in `docs/guides/telemetry.md` is held to them by a test. */
const FAMILIES = [
  ...COMMANDS,
  ...ACTORS,
  ...JOURNAL,
  ...READERS,
  ...COORDINATION,
  ...MESSAGING,
  ...HEALTH,
];

/** All metrics of a runtime. A family is there also while it has no samples. */
export function metricsOf(status: RuntimeStatus, health: Health): readonly MetricFamily[] {
  return familiesOf(FAMILIES, { status, health });
}

export function familiesOf<Of>(
  definitions: readonly FamilyDefinition<Of>[],
  figures: Of,
): readonly MetricFamily[] {
  return definitions.map(({ measure, ...family }) => ({
    ...family,
    samples: [...measure(figures)].flatMap((each) => samplesOf(family.labels, each)),
  }));
}

function samplesOf(names: readonly string[], measured: Measured): MetricSample[] {
  const value = measured[measured.length - 1] as number | Scaled;
  const labels = Object.fromEntries(names.map((name, at) => [name, measured[at] as string]));
  if (typeof value === "number") return [{ suffix: "", labels, value }];
  const { histogram, scale } = value;
  return [
    ...histogram.buckets.map(({ below, count }) => ({
      suffix: "_bucket" as const,
      // Whole numbers below a bound are those up to the one before it; of a time the difference is none.
      labels: { ...labels, le: boundOf(scale === 1 ? below - 1 : below * scale) },
      value: count,
    })),
    { suffix: "_sum", labels, value: histogram.sum * scale },
    { suffix: "_count", labels, value: histogram.count },
  ];
}

function boundOf(bound: number): string {
  return bound === Infinity ? "+Inf" : String(Number(bound.toPrecision(6)));
}
