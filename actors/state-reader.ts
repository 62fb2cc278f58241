/** Looking at an entity without an activation: its durable state now, or as it was at a version, a position or a time. */
import type { Journal, SnapshotCriteria } from "../journal/index.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { archiveIn } from "../src/kernel/life-events.js";
import { checkMoment, isRecordedBy, type Moment } from "../src/kernel/moment.js";
import type { Behavior } from "./behavior.js";
import { HistoryArchivedError } from "./errors.js";
import { Fold, usableSnapshot } from "./fold.js";

/** An entity as it is, or was at the moment asked for. */
export interface StateAt<State> {
  readonly state: State;
  /** 0 where the entity had no history yet; `state` is then the initial one. */
  readonly version: Version;
  /** Of the last event folded; 0 where there is none. */
  readonly position: Position;
  /** There where the entity has ended; `state` is then the initial one. */
  readonly tombstoned?: true;
}

export function readState(
  journal: Journal,
  behavior: Behavior,
  streamId: StreamId,
  at: Moment | undefined,
): StateAt<unknown> {
  if (at !== undefined) checkMoment(at);
  const found =
    behavior.snapshotRules === undefined
      ? undefined
      : journal.findSnapshot(streamId, snapshotsBy(at));
  const snapshot = found && usableSnapshot(behavior, found, journal.streamVersion(streamId));
  const fold = new Fold(behavior, streamId, snapshot);
  foldUpTo(journal, streamId, fold, at);
  if (fold.version === 0 && at !== undefined) checkNotArchived(journal, streamId, at);
  const upTo = at !== undefined && "version" in at ? at.version : 0;
  if (fold.version === 0 && upTo > 0 && journal.streamVersion(streamId) > 0) {
    throw new InvalidArgumentError(
      "at.version",
      `one that ${streamId} still has (its beginning was truncated)`,
      upTo,
    );
  }
  return stateAt(fold);
}

export function stateAt({
  state,
  version,
  position,
  isTombstoned,
}: Pick<Fold, "state" | "version" | "position" | "isTombstoned">): StateAt<unknown> {
  return { state, version, position, ...(isTombstoned ? { tombstoned: true } : {}) };
}

/** An entity whose beginning was archived didn't have the initial state back then. */
function checkNotArchived(journal: Journal, streamId: StreamId, at: Moment): void {
  for (const { headers } of journal.readStream(streamId, { limit: 1 })) {
    const archive = archiveIn(headers);
    if (archive === undefined) return;
    const { begunAtMs: recordedAtMs, begunAtPosition: position } = archive;
    if (isRecordedBy(at, { version: 1, position, recordedAtMs }))
      throw new HistoryArchivedError(streamId, archive);
  }
}

function foldUpTo(journal: Journal, streamId: StreamId, fold: Fold, at: Moment | undefined): void {
  const upTo = at !== undefined && "version" in at ? { upTo: at.version } : {};
  for (const run of journal.replayStream(streamId, { from: fold.version + 1, ...upTo })) {
    for (const event of run) {
      if (!isRecordedBy(at, event)) return;
      fold.apply(event);
    }
  }
}

function snapshotsBy(at: Moment | undefined): SnapshotCriteria {
  if (at === undefined) return {};
  if ("version" in at) return { upToVersion: at.version };
  if ("position" in at) return { upToPosition: at.position };
  // A snapshot is taken after its last event was recorded, so one taken in time holds nothing later.
  return { upToTakenAtMs: at.timeMs };
}
