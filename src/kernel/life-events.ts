/** What the runtime itself records in an entity's stream: its end, and where its archived beginning lies. */
import type { Position, Version } from "./event.js";

/** The last event of an entity: its state is the initial one again, and commands are refused. */
export const TOMBSTONED = "tidemark.Tombstoned";

/** Stands in the log where an event was, once the space of an archived one was reclaimed. */
export const ARCHIVED = "tidemark.Archived";

/** The header of the commit that took the place of an archived beginning; see {@link Archive}. */
export const ARCHIVE_HEADER = "tidemark.archive";

/** An entity's beginning in a file: what came before the event whose commit says so. */
export interface Archive {
  /** As it was given. */
  readonly file: string;
  /** As the last line of the file says it. */
  readonly sha256: string;
  readonly firstVersion: Version;
  readonly lastVersion: Version;
  readonly firstPosition: Position;
  readonly lastPosition: Position;
  /** When and where the first event of the entity was recorded, whichever archive it is in. */
  readonly begunAtMs: number;
  readonly begunAtPosition: Position;
}

/** What `Runtime.compact` did. */
export interface CompactReport {
  readonly streamId: string;
  /** Version of the summary: reads of the entity begin with it. */
  readonly version: Version;
  readonly position: number;
  readonly archive: Archive;
}

/** Whether an aggregate needn't know an event type: it is the runtime's own. */
export function isLifeEvent(type: string): boolean {
  return type === TOMBSTONED || type === ARCHIVED;
}

/** What the headers of an event say of an archive. */
export function archiveIn(
  headers: Readonly<Record<string, unknown>> | undefined,
): Archive | undefined {
  const archive = headers?.[ARCHIVE_HEADER] as Partial<Archive> | undefined;
  // Headers are the user's: somebody may have given one this name.
  return typeof archive === "object" &&
    (archive as unknown) !== null &&
    typeof archive.file === "string" &&
    typeof archive.sha256 === "string" &&
    Number.isInteger(archive.lastVersion) &&
    Number.isInteger(archive.begunAtPosition)
    ? (archive as Archive)
    : undefined;
}
