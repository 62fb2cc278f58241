/**
 * Candidate definitions over a log that is in service: what they would make of it, and what would be other than today. The directory is read
 * beside its owner; whatever is written meanwhile goes to memory, and no command leaves.
 */
import { RuntimeClosedError, type AnyAggregate } from "../../actors/index.js";
import {
  LmdbViews,
  MemoryViews,
  openLmdbJournal,
  type Journal,
  type ViewStore,
} from "../../journal/index.js";
import type { Saga } from "../../sagas/index.js";
import { checkInteger } from "../kernel/check.js";
import { keptAlive, type Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import { Audit } from "../projections/audit.js";
import type { AnyProjection } from "../projections/projection.js";
import { RuleSystem, type ChangeReport, type RuleSet } from "../rules/index.js";
import { LateCommandPort } from "../runtime/late-command-port.js";
import { portsOf, type RuntimePorts } from "../runtime/options.js";
import { tryAggregate, type AggregateTrial } from "./aggregates.js";
import { tryProjection, type ProjectionTrial } from "./projections.js";
import { trySaga, type SagaTrial } from "./sagas.js";

/** What is to be tried. */
export interface Candidates {
  readonly aggregates?: readonly AnyAggregate[];
  readonly projections?: readonly AnyProjection[];
  readonly sagas?: readonly Saga[];
  readonly ruleSets?: readonly RuleSet[];
}

/** What `tryOut` is given. */
export interface TryOutOptions {
  /** A data directory, in service or not; or a backup. Nothing in it is written. */
  readonly directory: string;
  readonly candidates: Candidates;
  /** Aggregates as they are today: the states of streams are then compared, by name. */
  readonly current?: { readonly aggregates?: readonly AnyAggregate[] };
  /** Bytes that the documents of one candidate projection may take in memory; defaults to 256 MiB. */
  readonly bytesMax?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What candidates would make of a log, each in the order in which it was given. */
export interface TryOutReport {
  /** Position of the last event when it began. */
  readonly head: Position;
  readonly aggregates: readonly AggregateTrial[];
  readonly projections: readonly ProjectionTrial[];
  readonly sagas: readonly SagaTrial[];
  readonly ruleSets: readonly ChangeReport[];
  /** Whether everything can be read, and nothing is other than today. */
  readonly isSame: boolean;
}

const BYTES_MAX = 256 * 2 ** 20;

/**
 * Runs candidate definitions over a log and says what would be other: streams that can't be read or come to another state, documents,
 * steps and commands of sagas, firings of rules. Takes as long as building the views and replaying the histories takes; streams and
 * instances are in memory one at a time, documents of one projection at a time, events by pages.
 *
 * @throws JournalFormatError - There is no journal in the directory, or its index was never built.
 * @throws InvalidArgumentError - An option isn't valid.
 */
export async function tryOut(options: TryOutOptions): Promise<TryOutReport> {
  const { directory, bytesMax = BYTES_MAX } = options;
  checkInteger("bytesMax", bytesMax, 1, Number.MAX_SAFE_INTEGER);
  const ports = portsOf({ ...options, aggregates: [] });
  const journal = await openLmdbJournal({ ...ports, directory, readOnly: true });
  let views: ViewStore | undefined;
  try {
    views = LmdbViews.exist(directory)
      ? new LmdbViews(directory, journal.storeId, true)
      : new MemoryViews();
    return await keptAlive(ports.clock, tried(options, bytesMax, { ...ports, journal, views }));
  } finally {
    await views?.close();
    await journal.close();
  }
}

interface Stores extends RuntimePorts {
  readonly journal: Journal;
  readonly views: ViewStore;
}

async function tried(
  { candidates, current = {} }: TryOutOptions,
  bytesMax: number,
  stores: Stores,
): Promise<TryOutReport> {
  const { journal, views, clock } = stores;
  const head = journal.head();
  const aggregates: AggregateTrial[] = [];
  for (const each of candidates.aggregates ?? []) {
    const today = current.aggregates?.find(({ name }) => name === each.name);
    aggregates.push(await tryAggregate(journal, clock, each, today));
  }
  const projections: ProjectionTrial[] = [];
  const ports = { ...stores, audit: new Audit(journal), hangingAfterMs: 0, bytesMax };
  for (const each of candidates.projections ?? [])
    projections.push(await tryProjection(each, ports));
  const sagas: SagaTrial[] = [];
  for (const each of candidates.sagas ?? []) sagas.push(await trySaga(journal, views, clock, each));
  const ruleSets = await tryRules(candidates.ruleSets ?? [], stores);
  const report = { head, aggregates, projections, sagas, ruleSets };
  return { ...report, isSame: isSame(report) };
}

/** Sessions of the trial are in memory. */
async function tryRules(
  ruleSets: readonly RuleSet[],
  { views: _real, ...stores }: Stores,
): Promise<ChangeReport[]> {
  const system = await RuleSystem.open({
    ...stores,
    views: new MemoryViews(),
    readOnly: true,
    ruleSets,
    commands: new LateCommandPort(),
    hasAggregate: () => true,
    ask: () => Promise.reject(new RuntimeClosedError()),
  });
  const reports: ChangeReport[] = [];
  try {
    for (const each of ruleSets) {
      const report = await system.compare(each);
      if (report !== undefined) reports.push(report);
    }
  } finally {
    await system.close();
  }
  return reports;
}

function isSame(report: Omit<TryOutReport, "isSame">): boolean {
  const { aggregates, projections, sagas, ruleSets } = report;
  return (
    aggregates.every(
      ({ unreadableTypes, unreadable, different = 0 }) =>
        unreadableTypes.length === 0 && unreadable === 0 && different === 0,
    ) &&
    projections.every(
      ({ diff, error, parked }) =>
        error === undefined &&
        parked === 0 &&
        diff !== undefined &&
        diff.added + diff.removed + diff.changed === 0,
    ) &&
    sagas.every(({ different, deploy }) => different === 0 && deploy.willPark === 0) &&
    ruleSets.every(
      ({ failures, rules }) =>
        failures === 0 && rules.every(({ gained, lost }) => gained === 0 && lost === 0),
    )
  );
}
