/** The figures as a page of the documentation, with plots beside it. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verdictOf, type Curve, type Row, type Target } from "../measure.js";
import { barsAsSvg, curvesAsSvg } from "./plots.js";
import { figure, rangeOf } from "./table.js";

export interface BenchResult {
  readonly machine: string;
  readonly size: { readonly rounds: number };
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  readonly curves: readonly Curve[];
}

const VERDICTS = { met: "met", noise: "missed within the run's noise", missed: "missed" } as const;

/** Writes `performance.md` and the plots it shows; the path of the page. */
export async function writePerformancePage(
  result: BenchResult,
  docs: string,
  command: string,
): Promise<string> {
  const plots = join(docs, "performance");
  mkdirSync(plots, { recursive: true });
  const shown: string[] = [];
  const show = async (file: string, title: string, svg: Promise<string>) => {
    writeFileSync(join(plots, file), `${await svg}\n`);
    shown.push(`![${title}](performance/${file})`);
  };
  const durable = result.rows.filter(({ question }) => question.startsWith("durable commands"));
  await show(
    "durable-commands.svg",
    "Durable commands a second",
    barsAsSvg("Durable commands", durable),
  );
  for (const plot of new Set(result.curves.map((curve) => curve.plot))) {
    const curves = result.curves.filter((curve) => curve.plot === plot);
    await show(`${slugOf(plot)}.svg`, plot, curvesAsSvg(plot, curves));
  }
  const path = join(docs, "performance.md");
  writeFileSync(path, pageOf(result, shown, command));
  return path;
}

function pageOf(result: BenchResult, plots: readonly string[], command: string): string {
  return [
    "# Performance",
    `Written by \`${command}\` on ${result.machine}: medians of ${result.size.rounds} rounds, each contender once a round, with ` +
      "the lowest and the highest. Compare figures only within this page: another machine, or the same one on another day, gives " +
      "others. What was tried to get here is in [internals/performance.md](internals/performance.md).",
    "## Targets",
    tableOf(
      ["question", "target", "reached", "range", ""],
      result.targets.map((target) => [
        target.question,
        target.wanted,
        figure(target.measured.median),
        rangeOf(target.measured),
        VERDICTS[verdictOf(target)],
      ]),
    ),
    "## Plots",
    ...plots,
    "## Figures",
    "A second, unless the question says otherwise.",
    tableOf(
      ["question", "", "figure", "range", "p50 ms", "p99 ms"],
      result.rows.map(({ question, name, value, p50Ms, p99Ms }) => [
        question,
        name,
        figure(value.median),
        rangeOf(value),
        figure(p50Ms),
        figure(p99Ms),
      ]),
    ),
    "",
  ].join("\n\n");
}

function tableOf(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...lines.map(row)].join("\n");
}

function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
