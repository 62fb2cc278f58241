/** How everything stands, at a glance. */
import { statfs } from "node:fs/promises";
import {
  JOURNAL_FORMAT_VERSION,
  TIDEMARK_VERSION,
  type JournalFigures,
} from "../../journal/index.js";
import { unlessEnded } from "../kernel/unless-ended.js";
import type { ReaderStatus } from "../projections/status.js";
import type { Administered } from "./administered.js";
import type { Overview } from "./api.js";
import type { Info } from "./info.js";
import { positionAt } from "./log-scan.js";
import type { OperationContext, OperationEntries } from "./operation.js";
import { problemsOf } from "./problems.js";

const DAY_MS = 24 * 60 * 60 * 1_000;

export const overviewOperations: OperationEntries<"info" | "overview" | "metrics"> = {
  info: { raw: true, fields: {}, run: info },
  overview: { live: true, fields: {}, run: overview },
  metrics: {
    live: true,
    fields: {},
    run: ({ parts }) => ({ families: parts.runtime().metrics() }),
  },
};

/** What the sampler counts. */
export function countsOf({ journal, actors }: Administered): Readonly<Record<string, number>> {
  const { hydrations, evicted } = actors.figures();
  return { events: journal.head(), hydrations, evicted };
}

function info({ parts, caller }: OperationContext): Info {
  const { journal, definitions, service, directory } = parts;
  const { head, diskBytes } = journal.figures();
  const [last] =
    head === 0 ? [] : unlessEnded(() => journal.readPage({ after: head - 1, limit: 1 }).events, []);
  const namesOf = (all: readonly { readonly name: string }[] = []) => all.map(({ name }) => name);
  const versionsOf = (all: readonly { readonly name: string; readonly version: number }[] = []) =>
    all.map(({ name, version }) => ({ name, version }));
  return {
    tidemark: TIDEMARK_VERSION,
    storeId: journal.storeId,
    ...(service === undefined ? {} : { service }),
    ...(directory === undefined ? {} : { directory }),
    format: JOURNAL_FORMAT_VERSION,
    node: process.version,
    pid: process.pid,
    openedAtMs: parts.openedAtMs,
    readOnly: parts.readOnly,
    head,
    ...(last === undefined ? {} : { lastRecordedAtMs: last.recordedAtMs }),
    diskBytes,
    aggregates: (definitions?.aggregates ?? []).map(({ name, behavior }) => ({
      name,
      eventTypes: [...behavior.eventTypes()],
      commandTypes: [...behavior.commandTypes()],
      summarized: behavior.summary !== undefined,
    })),
    projections: (definitions?.projections ?? []).map(({ name, version, collections }) => ({
      name,
      version,
      collections: Object.keys(collections),
    })),
    reactors: namesOf(definitions?.reactors),
    externals: namesOf(definitions?.externals),
    sagas: versionsOf(definitions?.sagas),
    ruleSets: versionsOf(definitions?.ruleSets),
    remotes: namesOf(definitions?.remotes),
    privacy: parts.privacy !== undefined,
    may: { change: caller.change && !parts.readOnly, payloads: caller.payloads },
  };
}

async function overview({ parts, sampler, caller }: OperationContext): Promise<Overview> {
  const { journal, clock } = parts;
  const figures = journal.figures();
  const rates = sampler.rates();
  const freeBytes = await freeBytesOf(parts.directory);
  const problems = problemsOf(parts, caller, { freeBytes });
  const health = problems.some(({ severity }) => severity === "unhealthy")
    ? "unhealthy"
    : problems.length > 0
      ? "degraded"
      : "healthy";
  const { rss: processBytes, heapUsed: heapBytes } = process.memoryUsage();
  const growthBytesPerDay = unlessEnded(() => growthOf(parts, figures), undefined);
  return {
    atMs: clock.nowMs(),
    upSinceMs: parts.openedAtMs,
    health,
    problems,
    head: figures.head,
    eventsPerSecond: rates["events"] ?? 0,
    ...commandsOf(parts),
    pool: poolOf(parts, rates),
    journal: {
      diskBytes: figures.diskBytes,
      ...(growthBytesPerDay === undefined ? {} : { growthBytesPerDay }),
      ...(freeBytes === undefined ? {} : { freeBytes }),
      inFlightBytes: figures.inFlightBytes,
      indexLag: figures.head - figures.indexedTo,
    },
    memory: { processBytes, heapBytes },
    readers: unlessEnded(() => readersOf(parts), []),
    ...unlessEnded(() => coordinationOf(parts), { sagas: [], rules: [] }),
    ...natsOf(parts),
  };
}

/** Of the last ten seconds. */
function commandsOf({ actors }: Administered) {
  const { recent } = actors.commandFigures();
  const { acceptedPerSecond, rejectedPerSecond, failedPerSecond, p50Ms, p99Ms, samples } = recent;
  return {
    commandsPerSecond: acceptedPerSecond + rejectedPerSecond + failedPerSecond,
    rejectedPerSecond,
    failedPerSecond,
    ...(samples === 0 ? {} : { latency: { p50Ms, p99Ms, samples } }),
  };
}

function poolOf(
  { actors, activationsMax, stateBytesMax }: Administered,
  rates: Readonly<Record<string, number>>,
): Overview["pool"] {
  const { activations, stateBytes, waiting } = actors.figures();
  return {
    activations,
    activationsMax,
    bytes: stateBytes,
    bytesMax: stateBytesMax,
    waiting,
    evictedPerSecond: rates["evicted"] ?? 0,
    hydratedPerSecond: rates["hydrations"] ?? 0,
  };
}

/** What the events of the last day take, at the size that events have on average; undefined before there is a day to look at. */
function growthOf(
  { journal, clock }: Administered,
  { head, diskBytes }: JournalFigures,
): number | undefined {
  const dayAgo = positionAt(journal, clock.nowMs() - DAY_MS);
  if (dayAgo === 0) return undefined;
  const bytes = Object.values(diskBytes).reduce((sum, part) => sum + part, 0);
  return Math.round((bytes / head) * (head - dayAgo));
}

async function freeBytesOf(directory: string | undefined): Promise<number | undefined> {
  if (directory === undefined) return undefined;
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    // Not every file system tells.
    return undefined;
  }
}

function readersOf({ readers }: Administered): Overview["readers"] {
  type Standing = ReaderStatus & { readonly name: string; readonly paused: boolean };
  const brief =
    (kind: Overview["readers"][number]["kind"]) =>
    ({ name, state, paused, lagEvents, lagMs, positionsPerSecond, parked }: Standing) => ({
      name,
      kind,
      state,
      paused,
      lagEvents,
      lagMs,
      positionsPerSecond,
      parked,
    });
  return [
    ...readers
      .projectionStatuses()
      .flatMap(({ name, paused, generations: [serving] }) =>
        serving === undefined ? [] : [{ ...serving, name, paused }],
      )
      .map(brief("projection")),
    ...readers.reactorStatuses().map(brief("reactor")),
    ...readers.externalStatuses().map(brief("external")),
  ];
}

function coordinationOf({ sagas, rules }: Administered): Pick<Overview, "sagas" | "rules"> {
  const sum = <T extends { readonly status: string }>(
    counts: readonly T[],
    status: string,
    of: (count: T) => number,
  ) => counts.reduce((total, each) => (each.status === status ? total + of(each) : total), 0);
  return {
    sagas: Object.values(sagas.statuses()).map(({ name, counts, lagEvents }) => ({
      name,
      active: sum(counts, "active", ({ instances }) => instances),
      parked: sum(counts, "parked", ({ instances }) => instances),
      lagEvents,
    })),
    rules: Object.values(rules.statuses()).map(({ name, counts, lagEvents }) => ({
      name,
      sessions: counts.reduce((total, { sessions }) => total + sessions, 0),
      parked: sum(counts, "parked", ({ sessions }) => sessions),
      lagEvents,
    })),
  };
}

function natsOf({ messaging }: Administered): Pick<Overview, "nats"> {
  const status = messaging.status();
  if (status === undefined) return {};
  const { connection, relay, imports } = status;
  return {
    nats: {
      connected: connection.connected,
      ...(relay === undefined ? {} : { relayLag: relay.lagEvents }),
      parkedImports: imports.reduce((total, { parked }) => total + parked, 0),
    },
  };
}
