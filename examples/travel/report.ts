/** What the demo shows at the end: the open cases, the totals, and the figures of the run. */
import Table from "cli-table3";
import type { RaisedAlert, RuntimeStatus } from "tidemark";
import type { CaseRow } from "./open-cases-view.js";
import type { IntakeResult } from "./intake.js";

interface Sum {
  count: number;
  amount: number;
}

const EUROS = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const COUNT = new Intl.NumberFormat("en");

/** Open cases by entity, state and role, in a fixed order; the same rows give the same text. */
export function openCasesTable(rows: readonly CaseRow[]): string {
  const table = plainTable(["entity", "state (last fact)", "role", "open", "amount €"]);
  const open = rows.filter((row) => row.open);
  for (const [entity, ofEntity] of grouped(open, (row) => row.entity)) {
    const groups = grouped(ofEntity, (row) => `${row.state}\u0000${row.role}`);
    for (const [key, group] of groups) {
      const [state = "", role = ""] = key.split("\u0000");
      table.push([entity, state, role, ...cells(sumOf(group))]);
    }
    table.push([entity, "all open", "", ...cells(sumOf(ofEntity))]);
  }
  table.push(["all", "all open", "", ...cells(sumOf(open))]);
  return table.toString();
}

export function totalsTable(rows: readonly CaseRow[]): string {
  const table = plainTable(["entity", "cases", "open", "closed", "amount €"]);
  const add = (name: string, group: readonly CaseRow[]) => {
    const open = group.filter((row) => row.open).length;
    table.push([
      name,
      COUNT.format(group.length),
      COUNT.format(open),
      COUNT.format(group.length - open),
      EUROS.format(sumOf(group).amount),
    ]);
  };
  for (const [entity, group] of grouped(rows, (row) => row.entity)) add(entity, group);
  add("all", rows);
  return table.toString();
}

/** Alerts by rule and month, by the time of the data. */
export function alertsTable(alerts: readonly RaisedAlert[]): string {
  const rules = [...new Set(alerts.map(({ rule }) => rule))].sort();
  const months = new Map<string, Map<string, number>>();
  for (const { rule, atMs } of alerts) {
    const month = new Date(atMs).toISOString().slice(0, 7);
    const counts = months.get(month) ?? new Map<string, number>();
    counts.set(rule, (counts.get(rule) ?? 0) + 1);
    months.set(month, counts);
  }
  const table = new Table({
    head: ["month", ...rules, "all"],
    colAligns: ["left", ...rules.map(() => "right" as const), "right"],
    style: { head: [], border: [], compact: true },
  });
  const row = (name: string, counts: ReadonlyMap<string, number>) => {
    const cells = rules.map((rule) => counts.get(rule) ?? 0);
    const all = cells.reduce((sum, cell) => sum + cell, 0);
    table.push([name, ...[...cells, all].map((cell) => COUNT.format(cell))]);
  };
  for (const month of [...months.keys()].sort()) row(month, months.get(month) ?? new Map());
  row(
    "all",
    new Map(rules.map((rule) => [rule, alerts.filter((each) => each.rule === rule).length])),
  );
  return table.toString();
}

export function figuresText(result: IntakeResult, status: RuntimeStatus): string {
  const { actors, journal } = status;
  const bytes = Object.values(journal.diskBytes).reduce((sum, part) => sum + part, 0);
  const perSecond = result.seconds > 0 ? Math.round(result.sent / result.seconds) : 0;
  const lines = [
    [
      "facts sent",
      `${COUNT.format(result.sent)} in ${result.seconds.toFixed(1)} s = ${COUNT.format(perSecond)} commands/s, each acknowledged after fsync`,
    ],
    ["of those known before", COUNT.format(result.repeated)],
    [
      "latency",
      `p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ${result.inFlight} in flight`,
    ],
    [
      "activations",
      `${COUNT.format(actors.activated)}, evictions ${COUNT.format(actors.evicted)}, in memory ${COUNT.format(actors.activations)}`,
    ],
    [
      "journal",
      `${COUNT.format(journal.head)} events, ${(bytes / 2 ** 20).toFixed(1)} MiB on disk (${partsText(journal.diskBytes)})`,
    ],
    [
      "bad lines",
      result.rejected === 0 ? "none" : `${result.rejected}, kept in ${result.rejectsPath}`,
    ],
  ];
  return lines.map(([name = "", text = ""]) => `  ${name.padEnd(22)} ${text}`).join("\n");
}

function partsText(parts: Readonly<Record<string, number>>): string {
  return Object.entries(parts)
    .map(([name, bytes]) => `${name} ${(bytes / 2 ** 20).toFixed(1)}`)
    .join(", ");
}

function plainTable(head: string[]): Table.Table {
  const last = head.length - 1;
  const colAligns = head.map((_, at) =>
    at >= last - 1 || (head[1] === "cases" && at > 0) ? "right" : "left",
  );
  return new Table({ head, colAligns, style: { head: [], border: [], compact: true } });
}

function cells({ count, amount }: Sum): [string, string] {
  return [COUNT.format(count), EUROS.format(amount)];
}

function sumOf(rows: readonly CaseRow[]): Sum {
  // Cents, so that the order of the rows makes no difference to the last digit.
  const cents = rows.reduce((sum, row) => sum + Math.round(row.amount * 100), 0);
  return { count: rows.length, amount: cents / 100 };
}

function grouped(rows: readonly CaseRow[], keyOf: (row: CaseRow) => string): [string, CaseRow[]][] {
  const groups = new Map<string, CaseRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
