/** The figures as tables for a terminal. */
import Table from "cli-table3";
import { verdictOf, type Row, type Spread, type Target } from "../measure.js";

const STYLE = { style: { head: [], border: [], compact: true } };

export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    ...STYLE,
    head: ["question", "", "a second (or as said)", "range", "p50 ms", "p99 ms"],
    colAligns: ["left", "left", "right", "right", "right", "right"],
  });
  for (const [at, { question, name, value, p50Ms, p99Ms }] of rows.entries()) {
    const asked = rows[at - 1]?.question === question ? "" : question;
    table.push([asked, name, figure(value.median), rangeOf(value), figure(p50Ms), figure(p99Ms)]);
  }
  return table.toString();
}

export function targetsOf(targets: readonly Target[]): string {
  const table = new Table({
    ...STYLE,
    head: ["question", "target", "reached", "range", ""],
    colAligns: ["left", "left", "right", "right", "left"],
  });
  for (const target of targets) {
    const { question, wanted, measured } = target;
    table.push([question, wanted, figure(measured.median), rangeOf(measured), verdictOf(target)]);
  }
  return table.toString();
}

export function rangeOf({ low, high }: Spread): string {
  return low === high ? "" : `${figure(low)}–${figure(high)}`;
}

/** Three digits that matter, or whole thousands. */
export function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value > 0 && value < 0.1 ? value.toPrecision(2) : value.toFixed(2);
}
