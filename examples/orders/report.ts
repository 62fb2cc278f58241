/** What the program shows. */
import Table from "cli-table3";
import type { Runtime } from "tidemark";
import type { Books } from "./expected.js";
import type { Branch } from "./branches.js";
import { OrderSaga } from "./order-saga.js";

/** @param widths - Of its columns, where they aren't as wide as what is in them. */
function tableOf(
  head: string[],
  rows: readonly (string | number)[][],
  widths: readonly (number | null)[] = [],
): string {
  const style = { head: [], border: [], compact: true };
  const table = new Table({ head, style, colWidths: [...widths], wordWrap: true });
  table.push(...rows);
  return table.toString();
}

/** What happened to an instance: each input, where the machine went, what it asked for. */
export function historyText({ sagas }: Runtime, orderId: string): string {
  let startedAtMs: number | undefined;
  const rows: (string | number)[][] = [];
  let before = "";
  for (const entry of sagas.history(OrderSaga, orderId)) {
    startedAtMs ??= entry.atMs;
    const { version, atMs, kind, event, state = before, commands, timers, remark } = entry;
    const asked = [
      ...commands,
      ...timers.map(({ dueAtMs }) => `(timer of ${Math.round((dueAtMs - atMs) / 100) / 10} s)`),
    ];
    const what = kind === "stepped" ? "" : `${kind}${remark === undefined ? "" : `: ${remark}`}`;
    rows.push([
      version,
      `+${atMs - startedAtMs} ms`,
      [event?.type ?? "", what && `(${what})`].filter(Boolean).join(" "),
      state === before ? "" : state,
      asked.join("\n"),
    ]);
    before = state;
  }
  return tableOf(["#", "at", "input", "state", "asked for"], rows);
}

export function branchesText(branches: readonly Branch[]): string {
  return tableOf(
    ["branch", "ended", "shown"],
    branches.map(({ name, ended, shown }) => [name, ended, shown]),
    [null, null, 70],
  );
}

export function countsText({ sagas }: Runtime): string {
  return tableOf(
    ["state", "status", "instances"],
    sagas.counts(OrderSaga).map(({ state, status, instances }) => [state, status, instances]),
  );
}

export function booksText(books: Books): string {
  return tableOf(
    ["in the journals", "count"],
    books.map(([what, count]) => [what, count]),
  );
}
