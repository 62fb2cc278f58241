/** Metrics of commands, of entities in memory, and of the journal. */
import {
  counter,
  gauge,
  histogram,
  one,
  type FamilyDefinition,
  type Figures,
  type Measured,
} from "./metric.js";

const US = 1e-6;

/** What a command is for. */
function kindOf(name: string, { status }: Figures): string {
  return name in status.sagas ? "saga" : name in status.rules ? "rules" : "aggregate";
}

function* actors(
  figures: Figures,
  measure: (actor: Figures["status"]["commands"]["actors"][string]) => Iterable<Measured>,
): Iterable<Measured> {
  for (const [name, actor] of Object.entries(figures.status.commands.actors))
    for (const measured of measure(actor)) yield [name, kindOf(name, figures), ...measured];
}

export const COMMANDS: readonly FamilyDefinition[] = [
  counter(
    "commands_total",
    ["aggregate", "kind", "outcome"],
    "Commands by what became of them; inputs of sagas and rule sets are theirs.",
    (figures) =>
      actors(figures, ({ accepted, duplicates, rejected, failed }) => [
        ["accepted", accepted - duplicates],
        ["duplicate", duplicates],
        ["rejected", rejected],
        ["failed", failed],
      ]),
  ),
  counter(
    "commands_rejected_total",
    ["aggregate", "kind", "code"],
    "Refused commands by the code of the refusal; codes beyond the first 50 are together as other.",
    (figures) => actors(figures, ({ rejectedByCode }) => Object.entries(rejectedByCode)),
  ),
  counter(
    "commands_failed_total",
    ["aggregate", "kind", "code"],
    "Failed commands by the code of the error.",
    (figures) => actors(figures, ({ failedByCode }) => Object.entries(failedByCode)),
  ),
  histogram(
    "command_seconds",
    ["aggregate", "kind"],
    "From the call to the answer, of commands accepted (on disk by then) or refused.",
    (figures) => actors(figures, ({ latencyUs }) => [[{ histogram: latencyUs, scale: US }]]),
  ),
  counter(
    "events_recorded_total",
    ["aggregate", "kind", "type"],
    "Events recorded by commands; steps of sagas are saga.stepped, firings of rules rules.fired.",
    (figures) => actors(figures, ({ eventsByType }) => Object.entries(eventsByType)),
  ),
  counter(
    "dead_letters_total",
    [],
    "Told commands that were refused or failed.",
    one(({ status }) => status.actors.deadLetters),
  ),
];

export const ACTORS: readonly FamilyDefinition[] = [
  gauge(
    "actors_active",
    [],
    "Entities in memory.",
    one(({ status }) => status.actors.activations),
  ),
  gauge(
    "actors_busy",
    [],
    "Of those, the ones with unanswered commands.",
    one(({ status }) => status.actors.busy),
  ),
  gauge(
    "actors_state_bytes",
    [],
    "Bytes of their states.",
    one(({ status }) => status.actors.stateBytes),
  ),
  gauge(
    "actors_waiting_commands",
    [],
    "Commands that wait for a place in memory.",
    one(({ status }) => status.actors.waiting),
  ),
  counter(
    "actors_evicted_total",
    [],
    "Entities that gave way to others.",
    one(({ status }) => status.actors.evicted),
  ),
  counter(
    "hydrations_total",
    [],
    "Entities fetched from disk.",
    one(({ status }) => status.actors.hydrations),
  ),
  counter(
    "hydrated_events_total",
    [],
    "Events folded for that.",
    one(({ status }) => status.actors.eventsFolded),
  ),
  counter("snapshots_total", ["outcome"], "Snapshots, taken or failed.", ({ status }) => [
    ["taken", status.actors.snapshotsTaken],
    ["failed", status.actors.snapshotsFailed],
  ]),
];

export const JOURNAL: readonly FamilyDefinition[] = [
  gauge(
    "journal_head_position",
    [],
    "Position of the last durable event.",
    one(({ status }) => status.journal.head),
  ),
  gauge(
    "journal_failed",
    [],
    "1 once a write failed: nothing more is taken until the store is opened again.",
    one(({ status }) => (status.journal.failure === undefined ? 0 : 1)),
  ),
  gauge(
    "journal_in_flight_bytes",
    [],
    "Bytes on their way to the disk.",
    one(({ status }) => status.journal.inFlightBytes),
  ),
  gauge(
    "journal_index_lag_events",
    [],
    "Events whose index is in memory only.",
    one(({ status: { journal } }) => Math.max(0, journal.head - journal.indexedTo)),
  ),
  gauge("journal_disk_bytes", ["part"], "Bytes on disk, by part of the store.", ({ status }) =>
    Object.entries(status.journal.diskBytes),
  ),
  histogram("journal_group_commits", [], "Commits that went to disk together.", ({ status }) => [
    [{ histogram: status.journal.groupCommits, scale: 1 }],
  ]),
  histogram(
    "journal_sync_seconds",
    [],
    "Writing such a group, its sync included.",
    ({ status }) => [[{ histogram: status.journal.syncUs, scale: US }]],
  ),
];
