/** What of a log could be taken out: archived beginnings of streams, and whether nobody needs them any more. */
import { createHash } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { encode, type CommitRecord, type StoredLog } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Position, Version } from "../kernel/event.js";
import type { StreamId } from "../kernel/ids.js";
import { ARCHIVED, ARCHIVE_HEADER, archiveIn, type Archive } from "../kernel/life-events.js";
import { systemClock } from "../kernel/system-clock.js";
import { checkExport } from "./export-store.js";
import { parkedEvents, readerPositions, withViews } from "./reader-positions.js";

/** The archived beginning of a stream. */
export interface ReclaimableStream {
  readonly streamId: StreamId;
  /** Up to which version its events are archived. */
  readonly upTo: Version;
  /** Events that would be taken out now, and the bytes of their data. */
  readonly events: number;
  readonly bytes: number;
}

/** What `planReclaim` found. Nothing was changed. */
export interface ReclaimPlan {
  readonly directory: string;
  readonly storeId: string;
  readonly head: Position;
  readonly streams: readonly ReclaimableStream[];
  readonly events: number;
  readonly bytes: number;
  /** Why it can't be done: archives that are missing or aren't as recorded, readers that are behind. None where it can. */
  readonly problems: readonly string[];
  /** Stands for this plan on this log: what `reclaimStore` wants to be given. */
  readonly confirmation: string;
}

/** The archives of a stream, and where its last events that are in one stand. */
interface ArchivedStream {
  upTo: Version;
  lastPosition: Position;
  readonly archives: Archive[];
  events: number;
  bytes: number;
  /** Of the first event that is still in the log. */
  leftFrom: Version;
}

const TURN_COMMITS = 256;

export interface PlanOptions {
  /** Folder with the archives; defaults to where they were written, from the current folder. */
  readonly archives?: string;
}

/** Up to which version each stream is archived; those of which something is still in the log. */
export type Reclaimable = ReadonlyMap<StreamId, { readonly upTo: Version }>;

export async function planOf(
  directory: string,
  log: StoredLog,
  options: PlanOptions,
): Promise<{ readonly plan: ReclaimPlan; readonly reclaimable: Reclaimable }> {
  const head = log.head();
  const found = await archivedStreams(log, head);
  const { storeId } = log.manifest;
  const problems = [
    ...(await archiveProblems(found, storeId, options)),
    ...(await withViews(directory, storeId, [], (views) => [
      ...readersBehind(found, readerPositions(views)),
      ...parkedEvents(views)
        .filter(({ streamId }) => found.has(streamId))
        .map(
          ({ reader, streamId, position }) =>
            `${reader} has parked position ${position} of ${streamId}`,
        ),
    ])),
  ];
  const streams = [...found].map(([streamId, { upTo, events, bytes }]) => ({
    streamId,
    upTo,
    events,
    bytes,
  }));
  const [events, bytes] = [sumOf(streams, "events"), sumOf(streams, "bytes")];
  const confirmation = createHash("sha256")
    .update(JSON.stringify([storeId, head, streams]))
    .digest("hex")
    .slice(0, 16);
  const plan = { directory, storeId, head, streams, events, bytes, problems, confirmation };
  return { plan, reclaimable: found };
}

function sumOf(streams: readonly ReclaimableStream[], field: "events" | "bytes"): number {
  return streams.reduce((sum, stream) => sum + stream[field], 0);
}

async function archivedStreams(log: StoredLog, head: Position) {
  const found = new Map<StreamId, ArchivedStream>();
  await eachCommit(log, head, (record) => {
    const archive = archiveIn(record.metadata?.headers);
    const [part] = record.parts;
    // A commit of the runtime's own has one stream, and truncates it where the archive ends.
    if (archive === undefined || part === undefined || record.parts.length > 1) return;
    if (part.truncateBefore !== part.firstVersion || archive.lastVersion !== part.firstVersion - 1)
      return;
    const { lastVersion: upTo, lastPosition } = archive;
    const stream = found.get(part.streamId);
    if (stream === undefined)
      found.set(part.streamId, {
        upTo,
        lastPosition,
        archives: [archive],
        events: 0,
        bytes: 0,
        leftFrom: Infinity,
      });
    else {
      Object.assign(stream, { upTo, lastPosition });
      stream.archives.push(archive);
    }
  });
  await eachCommit(log, head, (record) => {
    for (const { streamId, firstVersion, events } of record.parts) {
      const stream = found.get(streamId);
      if (stream === undefined) continue;
      for (const [at, { type, data }] of events.entries()) {
        if (firstVersion + at > stream.upTo || type === ARCHIVED) continue;
        stream.events += 1;
        stream.leftFrom = Math.min(stream.leftFrom, firstVersion + at);
        stream.bytes += encode(data).length;
      }
    }
  });
  for (const [streamId, { events }] of found) if (events === 0) found.delete(streamId);
  return found;
}

async function eachCommit(
  log: StoredLog,
  head: Position,
  look: (record: CommitRecord) => void,
): Promise<void> {
  let looked = 0;
  for (const { record } of log.commits(1, head)) {
    look(record);
    looked += 1;
    if (looked % TURN_COMMITS === 0)
      await new Promise<void>((resolve) => systemClock.defer(resolve));
  }
}

/** Each archive must be there and be what was written before its summary was recorded: the log says its digest. */
async function archiveProblems(
  found: ReadonlyMap<StreamId, ArchivedStream>,
  storeId: string,
  { archives: folder }: PlanOptions,
): Promise<string[]> {
  const problems: string[] = [];
  for (const [streamId, { archives, leftFrom }] of found) {
    for (const { file, sha256, lastVersion } of archives) {
      // Its events were taken out before: wherever it is by now.
      if (lastVersion < leftFrom) continue;
      const path = folder === undefined ? resolve(file) : join(folder, basename(file));
      try {
        const { header, sha256: is } = await checkExport(path);
        const isOwn = header.storeId === storeId && header.streams?.[0] === streamId;
        if (is !== sha256 || !isOwn)
          problems.push(`${path} isn't the archive of ${streamId} that ${ARCHIVE_HEADER} names`);
      } catch (error) {
        problems.push(`the archive of ${streamId} can't be read: ${asError(error).message}`);
      }
    }
  }
  return problems;
}

function readersBehind(
  found: ReadonlyMap<StreamId, ArchivedStream>,
  readers: readonly { readonly reader: string; readonly position: Position }[],
): string[] {
  const needed = Math.max(0, ...[...found.values()].map(({ lastPosition }) => lastPosition));
  return readers
    .filter(({ position }) => position < needed)
    .map(
      ({ reader, position }) =>
        `${reader} is at position ${position}, and hasn't processed all up to ${needed}`,
    );
}
