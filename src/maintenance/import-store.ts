/** A data directory made of an export. */
import { renameSync } from "node:fs";
import { dirname } from "node:path";
import {
  CREATED_BY,
  LogImport,
  RecordSequence,
  syncDirectory,
  type LoggedRecord,
  type Manifest,
} from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";
import { ExportDamagedError, isWhole, type ExportHeader } from "./export-format.js";
import { ExportReader, type ExportSource, type ReadBlock } from "./export-reader.js";
import { checkExport } from "./export-store.js";
import { newFolder } from "./new-folder.js";
import { reportTo, type MaintenanceOptions } from "./verify-store.js";

/** What `importStore` may be told. */
export interface ImportOptions extends MaintenanceOptions {
  /**
   * Whether the new store has the id of the old one, for one that takes its place: ids of events and default correlation ids begin
   * with it. `false` for a copy that lives beside it. Defaults to true.
   */
  readonly keepStoreId?: boolean;
  /** Reads and checks the whole export before anything is written; only of a file. Defaults to false. */
  readonly precheck?: boolean;
}

/** What `importStore` did. */
export interface ImportReport {
  readonly to: string;
  readonly storeId: string;
  /** Position of the last event. */
  readonly head: Position;
  readonly commits: number;
  readonly events: number;
  /** Position up to which an earlier attempt had come; 0 where there was none. */
  readonly resumedAt: Position;
}

/**
 * Makes a data directory of an export: the same commits at the same positions, with the same times, claims, replies and command
 * ids, so that `verifyStore` gives the checksum of the original. Each block is on disk before the next is read, and nothing of
 * a damaged block is written. Until it is complete the directory is called `<directory>.importing`; called again after
 * it was ended, it compares what is there, and goes on behind it.
 *
 * @param source - A file that `exportStore` wrote, compressed or not, or its bytes.
 * @param directory - A folder that is empty or isn't there.
 * @throws ExportDamagedError - The export was cut, changed or put together anew; names the line. What comes before is in the
 *   unfinished directory, and the import can be gone on with from a sound copy.
 * @throws InvalidArgumentError - `directory` isn't empty; the export has only some of the commits; or what was begun isn't of this
 *   export. Nothing was written.
 * @throws JournalFullError - The disk is full. What was written stays, and the import can be gone on with.
 * @throws JournalOwnedError - Another process imports into this directory.
 */
export async function importStore(
  source: ExportSource,
  directory: string,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const to = newFolder(directory, "directory");
  if (options.precheck === true) await precheck(source);
  const reader = await ExportReader.open(source);
  try {
    const { header } = reader;
    if (!isWhole(header))
      throw new InvalidArgumentError(
        "source",
        "an export of all commits from position 1 on (one of some streams or positions is for reading only)",
        header.streams === null ? `one from position ${header.from}` : header.streams.join(", "),
      );
    return await importInto(to, reader, options);
  } finally {
    await reader.close();
  }
}

async function precheck(source: ExportSource): Promise<void> {
  if (typeof source !== "string")
    throw new InvalidArgumentError("precheck", "left out where the source isn't a file", true);
  await checkExport(source);
}

async function importInto(
  to: string,
  reader: ExportReader,
  options: ImportOptions,
): Promise<ImportReport> {
  const { header } = reader;
  const { keepStoreId = true } = options;
  const unfinished = `${to}.importing`;
  const ports = { clock: systemClock, ids: systemIds };
  const log = await LogImport.open(unfinished, manifestOf(header, keepStoreId), ports);
  const { storeId } = log.manifest;
  const resumedAt = log.head();
  const sequence = new RecordSequence();
  try {
    if ((storeId === header.storeId) !== keepStoreId)
      throw new InvalidArgumentError("keepStoreId", `as ${unfinished} was begun`, keepStoreId);
    const there = log.commits();
    const report = reportTo(options, header.upTo);
    for await (const block of reader.blocks()) {
      checkSequence(block, sequence);
      const fresh = block.commits.filter(({ position }) => position > resumedAt);
      for (const { position, bytes } of block.commits.slice(0, block.commits.length - fresh.length))
        checkSame(there.next(), position, bytes, unfinished);
      await log.append(fresh);
      report(block.check.upTo, "events");
    }
    reader.assertEnded();
    if (sequence.head !== header.upTo || resumedAt > header.upTo)
      throw new InvalidArgumentError(
        "source",
        `the export that ${unfinished} was begun with`,
        header.storeId,
      );
    await log.finish();
  } finally {
    await log.close();
  }
  renameSync(unfinished, to);
  syncDirectory(dirname(to));
  const { commits, head } = sequence;
  return { to, storeId, head, commits, events: head, resumedAt };
}

function manifestOf(header: ExportHeader, keepStoreId: boolean): Manifest {
  const { storeId, createdAt, createdBy } = header;
  if (keepStoreId) return { storeId, createdAt, createdBy };
  const now = new Date(systemClock.nowMs()).toISOString();
  return { storeId: systemIds.newId(), createdAt: now, createdBy: CREATED_BY };
}

/** Each line may be as it was written and the export still not be one: checks can be computed anew. */
function checkSequence({ commits, firstLine }: ReadBlock, sequence: RecordSequence): void {
  for (const [at, { record }] of commits.entries()) {
    const [problem] = sequence.add(record);
    if (problem !== undefined) throw new ExportDamagedError(firstLine + at, problem);
  }
}

function checkSame(
  there: IteratorResult<LoggedRecord, void>,
  position: Position,
  bytes: Uint8Array,
  unfinished: string,
): void {
  if (there.done !== true && Buffer.compare(there.value.bytes, bytes) === 0) return;
  throw new InvalidArgumentError(
    "source",
    `the export that ${unfinished} was begun with (or delete that folder)`,
    `another commit at position ${position}`,
  );
}
