/** How a service stands, as text. */
import type { Overview } from "../index.js";
import { facts, Rendered, styled } from "./output.js";
import type { Shell, Style } from "./shell.js";
import { table } from "./table.js";
import { bytesText, count, durationText, grouped, round, timeText } from "./text.js";

const STYLES: Readonly<Record<Overview["health"], Style>> = {
  healthy: "green",
  degraded: "yellow",
  unhealthy: "red",
};

export function overviewLines(shell: Shell, overview: Overview): Rendered[] {
  return [
    styled(
      shell,
      STYLES[overview.health],
      `${overview.health} at ${timeText(overview.atMs)}, up for ${durationText(overview.atMs - overview.upSinceMs)}`,
    ),
    ...problemLines(shell, overview),
    new Rendered(""),
    figures(shell, overview),
    ...readerTable(shell, overview),
    ...coordinatorTable(shell, overview),
  ];
}

function problemLines(shell: Shell, { problems }: Overview): Rendered[] {
  return problems.flatMap(({ severity, subject, problem, advice }) => [
    styled(shell, STYLES[severity], `${subject}: ${problem}`),
    styled(shell, "dim", `  ${advice}`),
  ]);
}

function figures(shell: Shell, overview: Overview): Rendered {
  const { pool, journal, memory, latency, nats } = overview;
  const disk = Object.entries(journal.diskBytes).map(
    ([part, bytes]) => `${part} ${bytesText(bytes)}`,
  );
  return facts(shell, [
    ["events", `${grouped(overview.head)}, ${round(overview.eventsPerSecond)} a second`],
    ["commands", commandsText(overview)],
    [
      "answers",
      latency === undefined
        ? undefined
        : `half within ${round(latency.p50Ms)} ms, 99 % within ${round(latency.p99Ms)} ms`,
    ],
    [
      "in memory",
      `${grouped(pool.activations)} of ${grouped(pool.activationsMax)} entities, ${bytesText(pool.bytes)} of ${bytesText(pool.bytesMax)}, ${grouped(pool.waiting)} waiting`,
    ],
    [
      "pool",
      `${round(pool.hydratedPerSecond)} fetched a second, ${round(pool.evictedPerSecond)} evicted`,
    ],
    ["process", `${bytesText(memory.processBytes)}, of which heap ${bytesText(memory.heapBytes)}`],
    ["disk", disk.join(", ")],
    ["disk free", journal.freeBytes === undefined ? undefined : bytesText(journal.freeBytes)],
    [
      "growth",
      journal.growthBytesPerDay === undefined
        ? undefined
        : `${bytesText(journal.growthBytesPerDay)} a day`,
    ],
    [
      "being written",
      `${bytesText(journal.inFlightBytes)}, index ${count(journal.indexLag, "event")} behind`,
    ],
    ["nats", nats === undefined ? undefined : natsText(nats)],
  ]);
}

function commandsText(overview: Overview): string {
  const { commandsPerSecond, rejectedPerSecond, failedPerSecond } = overview;
  return `${round(commandsPerSecond)} a second, ${round(rejectedPerSecond)} refused, ${round(failedPerSecond)} failed`;
}

function natsText({ connected, relayLag, parkedImports }: NonNullable<Overview["nats"]>): string {
  const parts = [
    connected ? "connected" : "not connected",
    relayLag === undefined ? "" : `${count(relayLag, "event")} to publish`,
    parkedImports === 0 ? "" : `${count(parkedImports, "message")} parked`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function readerTable(shell: Shell, { readers }: Overview): Rendered[] {
  if (readers.length === 0) return [];
  const rows = readers.map((each) => [
    each.name,
    each.kind,
    each.paused ? "paused" : each.state,
    grouped(each.lagEvents),
    each.lagEvents === 0 ? "" : durationText(each.lagMs),
    round(each.positionsPerSecond),
    each.parked === 0 ? "" : grouped(each.parked),
  ]);
  const columns = ["reader", "kind", "state", ">behind", ">for", ">a second", ">parked"];
  return [new Rendered(""), table(shell, columns, rows)];
}

function coordinatorTable(shell: Shell, { sagas, rules }: Overview): Rendered[] {
  const rows = [
    ...sagas.map((each) => [each.name, "saga", each.active, each.parked, each.lagEvents] as const),
    ...rules.map(
      (each) => [each.name, "rule set", each.sessions, each.parked, each.lagEvents] as const,
    ),
  ].map(([name, kind, ...numbers]) => [name, kind, ...numbers.map(grouped)]);
  if (rows.length === 0) return [];
  return [new Rendered(""), table(shell, ["of", "kind", ">active", ">parked", ">behind"], rows)];
}
