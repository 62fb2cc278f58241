/** Metrics of messages between services, and of health. */
import {
  counter,
  gauge,
  type FamilyDefinition,
  type Figures,
  type Measure,
  type Measured,
} from "./metric.js";

const MS = 1e-3;

type Messages = NonNullable<Figures["status"]["messaging"]>;

/** Nothing where no messages were needed. */
const ofMessaging =
  (measure: (messaging: Messages) => readonly Measured[]): Measure =>
  ({ status }) =>
    status.messaging === undefined ? [] : measure(status.messaging);
const ofRelay = (value: (relay: NonNullable<Messages["relay"]>) => number): Measure =>
  ofMessaging(({ relay }) => (relay === undefined ? [] : [[value(relay)]]));

export const MESSAGING: readonly FamilyDefinition[] = [
  gauge(
    "messaging_connected",
    ["transport"],
    "1 while there is a connection.",
    ofMessaging(({ connection }) => [[connection.transport, connection.connected ? 1 : 0]]),
  ),
  counter(
    "messaging_reconnects_total",
    ["transport"],
    "Times the connection was made again.",
    ofMessaging(({ connection }) => [[connection.transport, connection.reconnects]]),
  ),
  counter(
    "relay_published_total",
    [],
    "Events published, repetitions included.",
    ofRelay(({ published }) => published),
  ),
  counter(
    "relay_losses_total",
    [],
    "Times the log of all services had lost something.",
    ofRelay(({ losses }) => losses),
  ),
  gauge(
    "relay_lag_events",
    [],
    "Events recorded and not published.",
    ofRelay(({ lagEvents }) => lagEvents),
  ),
  gauge(
    "relay_lag_seconds",
    [],
    "Since the oldest of those was recorded.",
    ofRelay(({ lagMs }) => lagMs * MS),
  ),
  counter(
    "imports_total",
    ["aggregate", "outcome"],
    "Messages of other services: recorded, passed over, or known already.",
    ofMessaging(({ imports }) =>
      imports.flatMap(({ aggregate, imported, passed, duplicates }) => [
        [aggregate, "imported", imported] as const,
        [aggregate, "passed", passed] as const,
        [aggregate, "duplicate", duplicates] as const,
      ]),
    ),
  ),
  gauge(
    "import_parked_messages",
    ["aggregate"],
    "Messages that can't be taken.",
    ofMessaging(({ imports }) => imports.map(({ aggregate, parked }) => [aggregate, parked])),
  ),
];

export const HEALTH: readonly FamilyDefinition[] = [
  gauge("health_problems", ["severity"], "What health() names, by severity.", ({ health }) =>
    (["degraded", "unhealthy"] as const).map((severity) => [
      severity,
      health.problems.filter(({ state }) => state === severity).length,
    ]),
  ),
];
