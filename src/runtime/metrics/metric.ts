/** What a metric is, and how one is defined. */
import type { HistogramFigures } from "../../kernel/histogram.js";
import type { Health } from "../../projections/status.js";
import type { RuntimeStatus } from "../status.js";

/** A value, and what tells it from the others of its family. */
export interface MetricSample {
  /** What its name ends with, behind that of the family: the parts of a histogram. Empty for others. */
  readonly suffix: "" | "_bucket" | "_sum" | "_count";
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Metrics of one name. */
export interface MetricFamily {
  /** `tidemark_commands_total`; in units of the SI, last. */
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Names of the labels that its samples have. */
  readonly labels: readonly string[];
  readonly samples: readonly MetricSample[];
}

/** What metrics are made of. */
export interface Figures {
  readonly status: RuntimeStatus;
  readonly health: Health;
}

/** Its labels' values, in the order of the family, and the value; or a histogram, and what its unit is of the one in the name. */
export type Measured = readonly [...labels: string[], value: number | Scaled];

/** A histogram in units of `scale`. */
export interface Scaled {
  readonly histogram: HistogramFigures;
  readonly scale: number;
}

/** One family, and where its values come from. */
export interface FamilyDefinition<Of = Figures> extends Omit<MetricFamily, "samples"> {
  readonly measure: Measure<Of>;
}

export type Measure<Of = Figures> = (figures: Of) => Iterable<Measured>;
const family =
  (type: FamilyDefinition["type"]) =>
  <Of = Figures>(
    name: string,
    labels: readonly string[],
    help: string,
    measure: Measure<Of>,
  ): FamilyDefinition<Of> => ({
    name: `tidemark_${name}`,
    type,
    labels,
    help,
    measure,
  });
export const counter = family("counter");
export const gauge = family("gauge");
export const histogram = family("histogram");

/** A family without labels. */
export const one =
  <Of = Figures>(value: (figures: Of) => number): Measure<Of> =>
  (figures) => [[value(figures)]];
