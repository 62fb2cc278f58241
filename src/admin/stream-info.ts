/** What a stream is. */
import { streamTypeOf, type StreamId } from "../kernel/ids.js";
import { archiveIn, TOMBSTONED } from "../kernel/life-events.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";
import type { Administered } from "./administered.js";
import type { StreamInfo, StreamKind } from "./stream-shapes.js";
import { NotFoundError } from "./errors.js";

/** What the events of a stream mean, as far as this runtime knows. */
export function kindOf({ definitions }: Administered, stream: StreamId): StreamKind {
  const type = streamTypeOf(stream);
  const isOf = (all: readonly { readonly name: string }[] | undefined) =>
    all?.some(({ name }) => name === type) === true;
  if (type === AUDIT_STREAM_TYPE) return "tidemark";
  if (isOf(definitions?.aggregates)) return "aggregate";
  if (isOf(definitions?.sagas)) return "saga";
  return isOf(definitions?.ruleSets) ? "rules" : "other";
}

/** @throws NotFoundError - It has no events. */
export function streamInfo(parts: Administered, stream: StreamId): StreamInfo {
  const { journal } = parts;
  const version = journal.streamVersion(stream);
  if (version === 0) throw new NotFoundError("stream", stream);
  const [first] = journal.readStream(stream, { limit: 1 });
  const [last] = journal.readStream(stream, { limit: 1, direction: "backward" });
  const snapshot = journal.findSnapshot(stream);
  const placeOf = ({ position, recordedAtMs }: NonNullable<typeof first>) => ({
    position,
    recordedAtMs,
  });
  const archive = truncatedTo(first?.headers);
  const truncatedBefore = first === undefined ? version + 1 : first.version;
  return {
    stream,
    kind: kindOf(parts, stream),
    version,
    ...(truncatedBefore > 1 ? { truncatedBefore } : {}),
    ...(archive === undefined ? {} : { archive }),
    ...(last?.type === TOMBSTONED ? { tombstoned: true as const } : {}),
    ...(first === undefined ? {} : { first: placeOf(first) }),
    ...(last === undefined ? {} : { last: placeOf(last) }),
    ...(snapshot === undefined
      ? {}
      : { snapshot: { version: snapshot.version, takenAtMs: snapshot.takenAtMs } }),
  };
}

function truncatedTo(headers: Parameters<typeof archiveIn>[0]): StreamInfo["archive"] {
  const archive = archiveIn(headers);
  if (archive === undefined) return undefined;
  const { file, firstVersion, lastVersion } = archive;
  return { file, firstVersion, lastVersion };
}
