/** Opening a directory: lock → manifest → data → index. Nothing of the data is opened before the manifest was checked. */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Clock, Ids } from "../../src/kernel/clock.js";
import { InvalidArgumentError } from "../../src/kernel/errors.js";
import { checkInteger } from "../../src/kernel/check.js";
import type { Limits } from "../../src/kernel/limits.js";
import type { Logger } from "../../src/kernel/log.js";
import { JournalFormatError } from "../errors.js";
import type { Journal } from "../journal.js";
import { isHeaderDamaged, syncFile } from "./environment.js";
import { FreeSpaceGuard } from "./free-space.js";
import { IndexStore } from "./index-store.js";
import { JournalReader } from "./journal-reader.js";
import type { BeforeWrite } from "../before-write.js";
import { LmdbJournal } from "./lmdb-journal.js";
import { LogFile } from "./log-file.js";
import { CREATED_BY, readManifest, syncDirectory, writeManifest } from "./manifest.js";
import { OwnerLock } from "./owner-lock.js";

export interface OpenJournalOptions {
  /** Made where it isn't there, with mode 0700. */
  readonly directory: string;
  /** Reads beside the owner instead of owning; defaults to false. */
  readonly readOnly?: boolean;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Appends are refused while the disk has fewer bytes free; defaults to 256 MiB. 0 turns the guard off. */
  readonly freeBytesMin?: number;
  /** For tests: the bytes free for us in a directory. */
  readonly freeBytes?: (directory: string) => number;
  /** What must be on disk before commits are: see {@link BeforeWrite}. */
  readonly beforeWrite?: BeforeWrite | undefined;
}

const FREE_BYTES_MIN = 256 * 1024 * 1024;

/**
 * Opens a journal on disk.
 *
 * @throws JournalOwnedError - Another living process (or this one) has it open for writing.
 * @throws JournalFormatError - The directory holds something this version can't open. Nothing was changed.
 * @throws JournalCorruptedError - The log is damaged where its end or its unindexed part is read.
 */
export async function openLmdbJournal(options: OpenJournalOptions): Promise<Journal> {
  if (typeof options.directory !== "string" || options.directory === "") {
    throw new InvalidArgumentError("directory", "the path of a folder", options.directory);
  }
  if (options.freeBytesMin !== undefined)
    checkInteger("freeBytesMin", options.freeBytesMin, 0, Number.MAX_SAFE_INTEGER);
  const directory = resolve(options.directory);
  return options.readOnly === true
    ? openForReading(directory, options)
    : openForWriting(directory, options);
}

function openForReading(directory: string, options: OpenJournalOptions): Journal {
  const manifest = readManifest(directory);
  if (manifest === undefined) throw new JournalFormatError(directory, "there is no journal in it");
  if (!existsSync(join(directory, "state", "data.mdb"))) {
    throw new JournalFormatError(
      directory,
      'its index (folder "state") is missing; open it once for writing',
    );
  }
  const log = new LogFile(join(directory, "log"), true);
  const store = new IndexStore(join(directory, "state"), true);
  return new JournalReader({
    directory,
    storeId: manifest.storeId,
    log,
    store,
    clock: options.clock,
    limits: options.limits,
  });
}

async function openForWriting(directory: string, options: OpenJournalOptions): Promise<Journal> {
  const { clock, ids, limits, logger } = options;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const lock = OwnerLock.acquire(directory, clock, ids);
  const opened: { close(): Promise<void> }[] = [];
  try {
    const storeId = readOrWriteManifest(directory, options);
    await makeLog(directory);
    const log = new LogFile(join(directory, "log"), false);
    opened.push(log);
    dropDamagedState(directory, logger);
    const store = new IndexStore(join(directory, "state"), false);
    opened.push(store);
    syncDirectory(directory);
    const freeBytesMin = options.freeBytesMin ?? FREE_BYTES_MIN;
    const guard = new FreeSpaceGuard({
      directory,
      clock,
      freeBytesMin,
      freeBytes: options.freeBytes,
    });
    return await LmdbJournal.start({
      directory,
      storeId,
      log,
      store,
      lock,
      guard,
      clock,
      limits,
      logger,
      beforeWrite: options.beforeWrite,
    });
  } catch (error) {
    for (const part of opened) await part.close();
    lock.release();
    throw error;
  }
}

/**
 * Makes the log where there is none: under another name until it is complete and on disk. LMDB doesn't sync the first pages
 * of a file before the first commit, so a power cut could leave a log that looks damaged, and nobody could tell.
 */
export async function makeLog(directory: string): Promise<void> {
  const path = join(directory, "log");
  if (existsSync(join(path, "data.mdb"))) return;
  const made = join(directory, "log.new");
  rmSync(made, { recursive: true, force: true });
  await new LogFile(made, false).close();
  rmSync(join(made, "lock.mdb"), { force: true });
  syncFile(join(made, "data.mdb"));
  syncDirectory(made);
  renameSync(made, path);
  syncDirectory(directory);
}

function dropDamagedState(directory: string, logger: Logger): void {
  const path = join(directory, "state");
  if (!isHeaderDamaged(path)) return;
  logger.warn({ path }, "the file of the index can't be opened; it is made anew");
  rmSync(path, { recursive: true });
}

function readOrWriteManifest(directory: string, options: OpenJournalOptions): string {
  const manifest = readManifest(directory);
  if (manifest !== undefined) return manifest.storeId;
  if (existsSync(join(directory, "log", "data.mdb"))) {
    throw new JournalFormatError(directory, "it has a log but no manifest.json");
  }
  const storeId = options.ids.newId();
  writeManifest(directory, {
    storeId,
    createdBy: CREATED_BY,
    createdAt: new Date(options.clock.nowMs()).toISOString(),
  });
  return storeId;
}
