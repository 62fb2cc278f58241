/** Metrics of who follows the log, of instances and sessions, and of what they ask for. */
import type { ExternalStatus, ProjectionStatus, ReactorStatus } from "../../projections/status.js";
import { counter, gauge, type FamilyDefinition, type Figures, type Measure } from "./metric.js";

const MS = 1e-3;

interface Reader {
  readonly name: string;
  readonly kind: string;
  readonly paused: boolean;
  readonly state: string;
  readonly lagEvents: number;
  readonly lagMs?: number;
  readonly parked?: number;
  readonly skipped?: number;
  readonly handled: number;
  readonly failures: number;
}

function* readers({ status }: Figures): Iterable<Reader> {
  for (const { generations, ...projection } of Object.values<ProjectionStatus>(status.projections))
    for (const each of generations)
      if (each.role === "serving") yield { kind: "projection", ...projection, ...each };
  for (const each of Object.values<ReactorStatus>(status.reactors))
    yield { kind: "reactor", ...each };
  for (const each of Object.values<ExternalStatus>(status.externals))
    yield { kind: "external", ...each };
  for (const each of Object.values(status.sagas)) yield { kind: "saga", paused: false, ...each };
  for (const each of Object.values(status.rules)) yield { kind: "rules", paused: false, ...each };
}

const ofReaders = (value: (reader: Reader) => number | undefined): Measure =>
  function* (figures) {
    for (const reader of readers(figures)) {
      const measured = value(reader);
      if (measured !== undefined) yield [reader.name, reader.kind, measured];
    }
  };

const READER = ["reader", "kind"];
export const READERS: readonly FamilyDefinition[] = [
  gauge(
    "reader_running",
    READER,
    "1 while a projection, reactor, saga or rule set follows the log; 0 where it is paused, retrying, stopped or frozen.",
    ofReaders(({ paused, state }) => (!paused && RUNNING.has(state) ? 1 : 0)),
  ),
  gauge(
    "reader_lag_events",
    READER,
    "Events recorded and not handled.",
    ofReaders(({ lagEvents }) => lagEvents),
  ),
  gauge(
    "reader_lag_seconds",
    READER,
    "Since the oldest of those was recorded.",
    ofReaders(({ lagMs }) => (lagMs === undefined ? undefined : lagMs * MS)),
  ),
  gauge(
    "reader_parked_events",
    READER,
    "Parked events.",
    ofReaders(({ parked }) => parked),
  ),
  gauge(
    "reader_skipped_events",
    READER,
    "Events passed over.",
    ofReaders(({ skipped }) => skipped),
  ),
  counter(
    "reader_events_total",
    READER,
    "Events handled, repetitions included.",
    ofReaders(({ handled }) => handled),
  ),
  counter(
    "reader_failures_total",
    READER,
    "Times that handling failed.",
    ofReaders(({ failures }) => failures),
  ),
];
const RUNNING = new Set(["live", "catching-up", "held"]);

export const COORDINATION: readonly FamilyDefinition[] = [
  gauge("saga_instances", ["saga", "status"], "Instances of sagas.", ({ status }) =>
    Object.values(status.sagas).flatMap(({ name, counts }) =>
      summed(counts.map((each) => [each.status, each.instances])).map(
        ([place, count]) => [name, place, count] as const,
      ),
    ),
  ),
  gauge("rule_sessions", ["rules", "status"], "Sessions of rule sets.", ({ status }) =>
    Object.values(status.rules).flatMap(({ name, counts }) =>
      summed(counts.map((each) => [each.status, each.sessions])).map(
        ([place, count]) => [name, place, count] as const,
      ),
    ),
  ),
  gauge(
    "refused_inputs",
    ["owner"],
    "Inputs that a saga or rule set couldn't take.",
    ({ status }) =>
      [...Object.values(status.sagas), ...Object.values(status.rules)].map(
        ({ name, refused }) => [name, refused] as const,
      ),
  ),
  counter("timers_fired_total", ["owner"], "Timers that fired.", ({ status }) =>
    Object.entries(status.delivery).map(([owner, { timersFired }]) => [owner, timersFired]),
  ),
  counter(
    "outbox_delivered_total",
    ["owner", "aggregate"],
    "Commands of instances that were answered.",
    lanes(({ delivered }) => delivered),
  ),
  counter(
    "outbox_failed_attempts_total",
    ["owner", "aggregate"],
    "Attempts to send one that failed.",
    lanes(({ attemptsFailed }) => attemptsFailed),
  ),
  gauge(
    "outbox_waiting_commands",
    ["owner", "aggregate"],
    "Commands that wait, of those in memory.",
    lanes(({ waiting }) => waiting),
  ),
];

type Lane = Figures["status"]["delivery"][string]["lanes"][number];

function lanes(value: (lane: Lane) => number): Measure {
  return ({ status }) =>
    Object.entries(status.delivery).flatMap(([owner, delivery]) =>
      delivery.lanes.map((lane) => [owner, lane.aggregate, value(lane)] as const),
    );
}

function summed(counts: readonly (readonly [string, number])[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
  return [...sums];
}
