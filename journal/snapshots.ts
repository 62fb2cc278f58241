/** Snapshots: checked when saved, selected by version and time. Optional copies, never the truth. */
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { checkStreamId } from "../src/kernel/ids.js";
import { checkInteger } from "../src/kernel/check.js";
import type { Limits } from "../src/kernel/limits.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import type { Snapshot, SnapshotCriteria } from "./journal.js";

/** @throws InvalidArgumentError - A field isn't what it should be, or the state isn't plain data. */
export function checkSnapshot(snapshot: Snapshot, limits: Limits): void {
  checkStreamId("snapshot.streamId", snapshot.streamId);
  checkInteger("snapshot.version", snapshot.version, 1, Number.MAX_SAFE_INTEGER);
  checkInteger("snapshot.position", snapshot.position, 1, Number.MAX_SAFE_INTEGER);
  checkInteger("snapshot.takenAtMs", snapshot.takenAtMs, 0, Number.MAX_SAFE_INTEGER);
  if (typeof snapshot.fingerprint !== "string") {
    throw new InvalidArgumentError("snapshot.fingerprint", "a string", snapshot.fingerprint);
  }
  checkPlainData("snapshot.state", snapshot.state, limits.nestingDepthMax);
}

/** Whether a snapshot is within all the given bounds. */
export function snapshotFits(
  snapshot: Pick<Snapshot, "version" | "position" | "takenAtMs">,
  criteria: SnapshotCriteria,
): boolean {
  const { version, position, takenAtMs } = snapshot;
  return (
    version >= (criteria.fromVersion ?? 0) &&
    version <= (criteria.upToVersion ?? Infinity) &&
    position <= (criteria.upToPosition ?? Infinity) &&
    takenAtMs >= (criteria.fromTakenAtMs ?? 0) &&
    takenAtMs <= (criteria.upToTakenAtMs ?? Infinity)
  );
}
