/** Figures as SVG: Vega-Lite, rendered without a browser. */
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Curve, Row } from "../measure.js";

const SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json";
const WIDTH = 560;
const COLOURS = { range: ["#1f6feb", "#8b949e", "#bf8700", "#1a7f37", "#8250df", "#cf222e"] };

/** Curves of one plot over a logarithmic x-axis, from zero up so that "flat" looks flat. */
export function curvesAsSvg(title: string, curves: readonly Curve[]): Promise<string> {
  const [first] = curves;
  const values = curves.flatMap(({ name, points }) => points.map(([x, y]) => ({ name, x, y })));
  return svgOf({
    $schema: SCHEMA,
    title,
    width: WIDTH,
    height: 220,
    background: "white",
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: { field: "x", type: "quantitative", scale: { type: "log" }, title: first?.xLabel ?? "" },
      y: { field: "y", type: "quantitative", scale: { zero: true }, title: first?.yLabel ?? "" },
      color: { field: "name", type: "nominal", scale: COLOURS, title: null },
    },
  });
}

/** Rows as bars, by question. */
export function barsAsSvg(title: string, rows: readonly Row[]): Promise<string> {
  const values = rows.map(({ question, name, value }) => ({
    question,
    name,
    value: value.median,
    low: value.low,
    high: value.high,
  }));
  const y = { field: "name", type: "nominal", title: null, sort: null } as const;
  return svgOf({
    $schema: SCHEMA,
    title,
    background: "white",
    data: { values },
    facet: {
      row: {
        field: "question",
        type: "nominal",
        sort: null,
        header: { title: null, labelAngle: 0, labelAlign: "left", labelOrient: "top" },
      },
    },
    spec: {
      width: WIDTH,
      height: { step: 18 },
      layer: [
        {
          mark: "bar",
          encoding: {
            y,
            x: { field: "value", type: "quantitative", title: "a second" },
            color: { field: "name", type: "nominal", scale: COLOURS, legend: null },
          },
        },
        {
          mark: { type: "rule", strokeWidth: 2 },
          encoding: {
            y,
            x: { field: "low", type: "quantitative" },
            x2: { field: "high" },
          },
        },
      ],
    },
    resolve: { scale: { y: "independent" } },
  });
}

function svgOf(spec: TopLevelSpec): Promise<string> {
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}
