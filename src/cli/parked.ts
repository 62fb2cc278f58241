/** What is parked or refused, in a table of whatever columns it has: the rows come from several places. */
import type { Rendered } from "./output.js";
import type { Shell } from "./shell.js";
import { table, type Cell } from "./table.js";
import { jsonText, timeText } from "./text.js";

/** Columns in the order in which they first appear; those named `…AtMs` are times. */
export function parkedTable(shell: Shell, rows: readonly unknown[]): Rendered | string {
  if (rows.length === 0) return "nothing";
  const records = rows.map(recordOf);
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const titles = names.map((name) => (name === "atMs" ? "at" : name.replace(/AtMs$/, "")));
  return table(
    shell,
    titles,
    records.map((record) => names.map((name) => cellOf(name, record[name]))),
  );
}

function recordOf(row: unknown): Readonly<Record<string, unknown>> {
  return typeof row === "object" && row !== null ? { ...row } : { value: row };
}

function cellOf(name: string, value: unknown): Cell {
  if (value === undefined || value === null || value === "") return "";
  if (typeof value === "number" && /(AtMs|SinceMs|^atMs|^sinceMs)$/.test(name))
    return timeText(value);
  return typeof value === "string" ? value : jsonText(value);
}
