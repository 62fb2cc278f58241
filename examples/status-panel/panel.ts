/** The panel: how each projection stands, whether that is healthy, and what operators did, as tables. */
import Table from "cli-table3";
import type { GenerationStatus, ProjectionStatus, Runtime } from "tidemark";

const COUNT = new Intl.NumberFormat("en");
const COLUMNS = ["projection", "state", "position", "lag", "lag s", "events/s", "left s"];
const MORE = ["parked", "skipped", "error"];

/** A row for each generation: the one that serves first, then the one being built or the one before. */
export function panelText(runtime: Runtime): string {
  const head = [...COLUMNS, ...MORE];
  const table = new Table({
    head,
    colAligns: head.map((_, at) => (at < 2 || at === head.length - 1 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  for (const status of Object.values(runtime.status().projections))
    for (const generation of status.generations) table.push(rowOf(status, generation));
  const { state, problems } = runtime.health();
  const lines = problems.map((each) => `  ${each.reader}: ${each.problem} (${each.state})`);
  const headText = `head ${COUNT.format(runtime.head)}, ${state}`;
  return [headText, table.toString(), ...lines].join("\n");
}

function rowOf(status: ProjectionStatus, generation: GenerationStatus): string[] {
  const { name, paused, skipped } = status;
  const { role, state, position, lagEvents, lagMs, secondsLeft, parked, error } = generation;
  return [
    role === "serving" ? name : `${name} (${role})`,
    paused ? "paused" : state,
    COUNT.format(position),
    COUNT.format(lagEvents),
    (lagMs / 1_000).toFixed(1),
    COUNT.format(Math.round(generation.positionsPerSecond)),
    secondsLeft === undefined ? "?" : secondsLeft.toFixed(1),
    COUNT.format(parked),
    COUNT.format(skipped),
    error === undefined ? "" : `${error.eventType ?? ""} at ${error.position ?? "?"}`,
  ];
}

/** What was done to every projection, in order. */
export function auditText(runtime: Runtime): string {
  const head = ["at", "projection", "what", "by", "more"];
  const table = new Table({ head, style: { head: [], border: [], compact: true } });
  const records = Object.keys(runtime.status().projections)
    .flatMap((name) => runtime.operations.audit(name).map((record) => ({ name, ...record })))
    .sort((a, b) => a.position - b.position);
  for (const { name, type, position, data } of records) {
    const { by, ...more } = data;
    table.push([position, name, type, text(by), moreText(more)]);
  }
  return table.toString();
}

function moreText(more: Readonly<Record<string, unknown>>): string {
  return Object.entries(more)
    .map(([name, value]) => (name === "reason" ? text(value) : `${name} ${text(value)}`))
    .join(", ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);
}
