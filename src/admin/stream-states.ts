/** States of a stream, folded by whoever owns it: an aggregate, a saga, or a rule set. */
import { StateFold, type AnyAggregate } from "../../actors/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Version } from "../kernel/event.js";
import { entityIdOf, streamTypeOf, type StreamId } from "../kernel/ids.js";
import type { Administered } from "./administered.js";
import type { At, StreamKind, TimelineEntry } from "./stream-shapes.js";
import type { Caller } from "./caller.js";
import { NotFoundError } from "./errors.js";
import { shownEvent } from "./event-search.js";
import { leafChanges } from "./leaf-changes.js";
import { positionAt, versionAt } from "./log-scan.js";
import { named } from "./operation.js";
import { kindOf } from "./stream-info.js";

/** A state, and what it is of. */
export interface FoldedState {
  readonly kind: StreamKind;
  readonly state: unknown;
  readonly version: Version;
}

/**
 * The version of a stream at a moment; now without one.
 *
 * @throws NotFoundError - There is no such stream.
 * @throws InvalidArgumentError - It names more than one moment.
 */
export function versionOf(parts: Administered, stream: StreamId, at: At | undefined): Version {
  const { journal } = parts;
  const last = journal.streamVersion(stream);
  if (last === 0) throw new NotFoundError("stream", stream);
  const { version, position, timeMs } = at ?? {};
  if ([version, position, timeMs].filter((part) => part !== undefined).length > 1)
    throw new InvalidArgumentError("at", "one of version, position and timeMs", at);
  if (version !== undefined) return Math.min(version, last);
  if (position !== undefined) return versionAt(journal, stream, position);
  return timeMs === undefined ? last : versionAt(journal, stream, positionAt(journal, timeMs));
}

/** @throws InvalidArgumentError - Nobody here can fold that stream, or its beginning was truncated. */
export function stateAt(parts: Administered, stream: StreamId, version: Version): FoldedState {
  const kind = kindOf(parts, stream);
  const entityId = entityIdOf(stream);
  if (kind === "rules") {
    const rules = named(parts, "ruleSets", streamTypeOf(stream));
    // What a session knows is read by its rules: as it is stored nobody could.
    const state = parts.rules.session(rules, entityId, { at: version });
    return { kind, state, version: Math.min(version, parts.journal.streamVersion(stream)) };
  }
  const fold = new StateFold(parts.journal, ownerOf(parts, stream), entityId);
  fold.goTo(version);
  return { kind, state: fold.state, version: fold.version };
}

/** Which events, of a stream. */
export interface TimelinePart {
  readonly from: Version;
  readonly limit: number;
}

/** Events in order, each with what it changed. */
export async function timelineOf(
  parts: Administered,
  stream: StreamId,
  part: TimelinePart,
  caller: Caller,
): Promise<TimelineEntry[]> {
  const { journal, clock } = parts;
  const stateOf = stateReader(parts, stream);
  const entries: TimelineEntry[] = [];
  let before: unknown;
  for (const event of journal.readStream(stream, part)) {
    if (!caller.payloads) {
      entries.push({ event: shownEvent(event, caller), changes: [], hidden: true });
      continue;
    }
    if (entries.length === 0) before = stateOf(event.version - 1);
    const after = stateOf(event.version);
    entries.push({ event: shownEvent(event, caller), changes: leafChanges(before, after) });
    before = after;
    await new Promise<void>((resolve) => clock.defer(resolve));
  }
  return entries;
}

/** Reads states at ascending versions; one fold goes through all of them. */
function stateReader(parts: Administered, stream: StreamId): (version: Version) => unknown {
  if (kindOf(parts, stream) === "rules") return (version) => stateAt(parts, stream, version).state;
  const fold = new StateFold(parts.journal, ownerOf(parts, stream), entityIdOf(stream));
  return (version) => {
    fold.goTo(version);
    return fold.state;
  };
}

function ownerOf(parts: Administered, stream: StreamId): AnyAggregate {
  const type = streamTypeOf(stream);
  const kind = kindOf(parts, stream);
  if (kind === "aggregate") return named(parts, "aggregates", type);
  if (kind === "saga") return named(parts, "sagas", type);
  throw new InvalidArgumentError(
    "stream",
    "one that an aggregate, a saga or a rule set of this service owns",
    stream,
  );
}
