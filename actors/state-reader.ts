/** Looking at an entity without an activation: its durable state now, or as it was at a version, a position or a time. */
import type { Journal, SnapshotCriteria } from "../journal/index.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Position, StoredEvent, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { checkInteger } from "../src/kernel/check.js";
import type { Behavior } from "./behavior.js";
import { Fold, usableSnapshot } from "./fold.js";

/** A moment of an entity's history; each bound is inclusive. */
export type Moment =
  | { readonly version: Version }
  | { readonly position: Position }
  /** Wall time in milliseconds since 1970, compared with when events were recorded. */
  | { readonly timeMs: number };

/** An entity as it is, or was at the moment asked for. */
export interface StateAt<State> {
  readonly state: State;
  /** 0 where the entity had no history yet; `state` is then the initial one. */
  readonly version: Version;
  /** Of the last event folded; 0 where there is none. */
  readonly position: Position;
}

export function readState(
  journal: Journal,
  behavior: Behavior,
  streamId: StreamId,
  at: Moment | undefined,
): StateAt<unknown> {
  const bounds = boundsOf(at);
  const found =
    behavior.snapshotRules === undefined
      ? undefined
      : journal.findSnapshot(streamId, bounds.snapshot);
  const snapshot = found && usableSnapshot(behavior, found, journal.streamVersion(streamId));
  const fold = new Fold(behavior, streamId, snapshot);
  foldUpTo(journal, streamId, fold, bounds);
  const { upToVersion = 0 } = bounds;
  if (fold.version === 0 && upToVersion > 0 && journal.streamVersion(streamId) > 0) {
    throw new InvalidArgumentError(
      "at.version",
      `one that ${streamId} still has (its beginning was truncated)`,
      upToVersion,
    );
  }
  return { state: fold.state, version: fold.version, position: fold.position };
}

function foldUpTo(journal: Journal, streamId: StreamId, fold: Fold, bounds: Bounds): void {
  const upTo = bounds.upToVersion === undefined ? {} : { upTo: bounds.upToVersion };
  for (const run of journal.replayStream(streamId, { from: fold.version + 1, ...upTo })) {
    for (const event of run) {
      if (!bounds.includes(event)) return;
      fold.apply(event);
    }
  }
}

interface Bounds {
  readonly upToVersion: Version | undefined;
  readonly snapshot: SnapshotCriteria;
  includes(event: StoredEvent): boolean;
}

function boundsOf(at: Moment | undefined): Bounds {
  if (at === undefined) return { upToVersion: undefined, snapshot: {}, includes: () => true };
  const max = Number.MAX_SAFE_INTEGER;
  if ("version" in at) {
    checkInteger("at.version", at.version, 0, max);
    return { upToVersion: at.version, snapshot: { upToVersion: at.version }, includes: () => true };
  }
  if ("position" in at) {
    checkInteger("at.position", at.position, 0, max);
    const { position } = at;
    return {
      upToVersion: undefined,
      snapshot: { upToPosition: position },
      includes: (event) => event.position <= position,
    };
  }
  if ("timeMs" in at) {
    checkInteger("at.timeMs", at.timeMs, 0, max);
    const { timeMs } = at;
    // A snapshot is taken after its last event was recorded, so one taken in time holds nothing later.
    return {
      upToVersion: undefined,
      snapshot: { upToTakenAtMs: timeMs },
      includes: (event) => event.recordedAtMs <= timeMs,
    };
  }
  throw new InvalidArgumentError("at", "{ version }, { position } or { timeMs }", at);
}
