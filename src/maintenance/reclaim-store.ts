/**
 * The space of archived events: a data directory is written anew with markers in the place of events that are archived and
 * that their streams don't show any more. Positions, versions, times, command ids, replies and claims stay.
 */
import { renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import {
  copyBesideLog,
  diskBytesOf,
  encode,
  encodeRecord,
  lockStore,
  LogImport,
  StoredLog,
  syncDirectory,
  type CommitRecord,
  type RecordBytes,
} from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { EMPTY_DATA } from "../kernel/event.js";
import { ARCHIVED } from "../kernel/life-events.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";
import { MaintenanceError } from "./child.js";
import { newFolder } from "./new-folder.js";
import { planOf, type Reclaimable, type ReclaimPlan } from "./reclaim-plan.js";
import { reportTo, type MaintenanceOptions } from "./verify-store.js";

/** What `planReclaim` may be told. */
export interface ReclaimPlanOptions {
  /** Folder with the archives, by their names; defaults to where they were written. */
  readonly archives?: string;
}

/** What `reclaimStore` is told. */
export interface ReclaimOptions extends ReclaimPlanOptions, MaintenanceOptions {
  /** The `confirmation` of a plan, made of the directory as it is. */
  readonly confirm: string;
}

/** What `reclaimStore` did. */
export interface ReclaimReport {
  readonly from: string;
  readonly to: string;
  /** Events that were taken out. */
  readonly events: number;
  /** Commits that are as they were, byte by byte; and the others, of which only the archived events changed. */
  readonly untouchedCommits: number;
  readonly changedCommits: number;
  /** Bytes on disk of both logs. */
  readonly logBytes: readonly [before: number, after: number];
}

const BATCH_COMMITS = 512;
const BATCH_BYTES = 1024 * 1024;
const ports = { clock: systemClock, ids: systemIds };

/**
 * What `reclaimStore` would take out of a data directory: a dry run. Reads the whole log and the archives.
 *
 * @throws JournalFormatError, JournalCorruptedError - The directory can't be read.
 */
export async function planReclaim(
  directory: string,
  options: ReclaimPlanOptions = {},
): Promise<ReclaimPlan> {
  const path = resolve(directory);
  const log = new StoredLog(path);
  try {
    return (await planOf(path, log, options)).plan;
  } finally {
    await log.close();
  }
}

/**
 * Writes a data directory anew without the events that `Runtime.compact` archived: in the place of each stands an event of the type
 * `tidemark.Archived` with no data, which projections, sagas and rules don't see. The views are copied, so that they keep what
 * they made of the old events, and so are the keys of personal data; the index is made anew, snapshots are lost. The original isn't changed: stop what has it open, call
 * this, then open the new one in its place. At the end every commit is compared with the original: what wasn't to be changed
 * is the same byte by byte.
 *
 * What begins anew on the new directory (a rebuild, a new projection) sees the summary and not what it stands for. A command that
 * comes again is given markers where its events were.
 *
 * @param to - A folder that is empty or isn't there. Until all is done it is called `<to>.reclaiming`.
 * @throws JournalOwnedError - Somebody has the directory open for writing. Nothing was written.
 * @throws InvalidArgumentError - `to` isn't empty, or `confirm` isn't of a plan of the directory as it is. Nothing was written.
 * @throws MaintenanceError - The plan has problems (`reclaim-refused`; nothing was written), or a commit isn't as it should be
 *   (`copy-differs`; what was written is removed).
 */
export async function reclaimStore(
  directory: string,
  to: string,
  options: ReclaimOptions,
): Promise<ReclaimReport> {
  const [from, target] = [resolve(directory), newFolder(to)];
  const lock = lockStore(from, ports);
  try {
    const log = new StoredLog(from);
    try {
      const { plan, reclaimable } = await planOf(from, log, options);
      checkPlan(plan, options.confirm);
      return await rewrite(log, plan, reclaimable, target, options);
    } finally {
      await log.close();
    }
  } finally {
    lock.release();
  }
}

function checkPlan({ confirmation, problems }: ReclaimPlan, confirm: string): void {
  if (confirm !== confirmation)
    throw new InvalidArgumentError(
      "confirm",
      "the confirmation of a plan of this directory as it is",
      confirm,
    );
  if (problems.length > 0)
    throw new MaintenanceError("reclaim-refused", `nothing was written: ${problems.join("; ")}`);
}

async function rewrite(
  log: StoredLog,
  plan: ReclaimPlan,
  reclaimable: Reclaimable,
  to: string,
  options: MaintenanceOptions,
): Promise<ReclaimReport> {
  const unfinished = `${to}.reclaiming`;
  // What an earlier call left: it is made of the original, which is whole.
  rmSync(unfinished, { recursive: true, force: true });
  const target = await LogImport.open(unfinished, log.manifest, ports);
  try {
    await copyCommits(log, target, plan.head, reclaimable, options);
    await target.finish();
    await copyBesideLog(plan.directory, unfinished);
    const counts = await compare(log, unfinished, plan.head, reclaimable);
    const logBytes = [logBytesOf(plan.directory), logBytesOf(unfinished)] as const;
    renameSync(unfinished, to);
    syncDirectory(dirname(to));
    return { from: plan.directory, to, events: plan.events, ...counts, logBytes };
  } catch (error) {
    await target.close();
    rmSync(unfinished, { recursive: true, force: true });
    throw error;
  }
}

function logBytesOf(directory: string): number {
  return diskBytesOf(directory)["log"] ?? 0;
}

async function copyCommits(
  log: StoredLog,
  target: LogImport,
  head: number,
  reclaimable: Reclaimable,
  options: MaintenanceOptions,
): Promise<void> {
  const report = reportTo(options, head);
  let batch: RecordBytes[] = [];
  let bytesWaiting = 0;
  for (const { record, bytes } of log.commits(1, head)) {
    const written = isTouched(record, reclaimable)
      ? encodeRecord(withMarkers(record, reclaimable))
      : bytes;
    // A copy: what the log gave is valid until it is read on.
    batch.push({ position: record.position, bytes: Uint8Array.from(written) });
    bytesWaiting += written.length;
    if (batch.length < BATCH_COMMITS && bytesWaiting < BATCH_BYTES) continue;
    await target.append(batch);
    report(record.position, "events");
    batch = [];
    bytesWaiting = 0;
  }
  await target.append(batch);
  report(head, "events");
}

function isTouched({ parts }: CommitRecord, reclaimable: Reclaimable): boolean {
  return parts.some(
    ({ streamId, firstVersion }) => firstVersion <= (reclaimable.get(streamId)?.upTo ?? 0),
  );
}

function withMarkers(record: CommitRecord, reclaimable: Reclaimable): CommitRecord {
  const parts = record.parts.map((part) => {
    const upTo = reclaimable.get(part.streamId)?.upTo ?? 0;
    const events = part.events.map((event, at) =>
      part.firstVersion + at <= upTo ? { type: ARCHIVED, shape: 1, data: EMPTY_DATA } : event,
    );
    return { ...part, events };
  });
  return { ...record, parts };
}

/** Looks at what was written, not at what should have been: each commit beside its original, and each event that isn't archived. */
async function compare(
  log: StoredLog,
  written: string,
  head: number,
  reclaimable: Reclaimable,
): Promise<Pick<ReclaimReport, "untouchedCommits" | "changedCommits">> {
  const copy = new StoredLog(written);
  let untouchedCommits = 0;
  let changedCommits = 0;
  try {
    const copies = copy.commits(1, head);
    for (const { record, bytes } of log.commits(1, head)) {
      const next = copies.next();
      const isSame = next.done !== true && Buffer.compare(next.value.bytes, bytes) === 0;
      if (isSame) untouchedCommits += 1;
      else if (next.done !== true && isTouched(record, reclaimable)) {
        if (
          Buffer.compare(
            remainsOf(record, reclaimable),
            remainsOf(next.value.record, reclaimable),
          ) !== 0
        )
          throw differs(record.position);
        changedCommits += 1;
      } else throw differs(record.position);
    }
    if (copies.next().done !== true) throw differs(head + 1);
  } finally {
    await copy.close();
  }
  return { untouchedCommits, changedCommits };
}

/** Everything of a commit but the archived events. */
function remainsOf(record: CommitRecord, reclaimable: Reclaimable): Uint8Array {
  const { parts, ...rest } = record;
  const kept = parts.map((part) => {
    const upTo = reclaimable.get(part.streamId)?.upTo ?? 0;
    const events = part.events.filter((_event, at) => part.firstVersion + at > upTo);
    return { ...part, events, count: part.events.length };
  });
  const { reply, commandId = null, metadata = null, ...others } = rest;
  return encode({ ...others, reply: reply ?? null, commandId, metadata, kept });
}

function differs(position: number): MaintenanceError {
  return new MaintenanceError(
    "copy-differs",
    `the commit at position ${position} isn't as it was in the original; what was written was removed`,
  );
}
