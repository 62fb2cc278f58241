/**
 * A copy of a data directory while its owner writes on. The derived parts are copied before the log: so they can only know
 * less than it, which opening makes good, and never more.
 */
import { existsSync, mkdirSync, renameSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { InvalidArgumentError } from "../../src/kernel/errors.js";
import type { Clock } from "../../src/kernel/clock.js";
import type { Position } from "../../src/kernel/event.js";
import { JournalFormatError } from "../errors.js";
import { copyEnvironmentAt } from "./environment.js";
import { copyKeys } from "./keys-copy.js";
import { LmdbKeys } from "./lmdb-keys.js";
import { LogFile } from "./log-file.js";
import { readManifest, syncDirectory, writeManifest } from "./manifest.js";
import type { ProgressListener } from "./verify.js";

/** What `backupStore` did. */
export interface BackupReport {
  readonly from: string;
  readonly to: string;
  /** Position of the last event in the copy: at least the head as it was when the backup began. */
  readonly head: Position;
  readonly bytes: number;
}

const PARTS = ["state", "views", "log"] as const;
const PROGRESS_EVERY_MS = 200;

/**
 * @param target - A full path; a folder there is empty.
 * @throws JournalFormatError - There is no journal in `from`, or not one this version can read.
 * @throws InvalidArgumentError - A backup that was ended is in the way. Nothing was written.
 */
export async function backup(
  from: string,
  target: string,
  clock: Clock,
  progress: ProgressListener,
): Promise<BackupReport> {
  const manifest = readManifest(from);
  if (manifest === undefined) throw new JournalFormatError(from, "there is no journal in it");
  // Under its own name only when it is complete: a backup that was killed can't be taken for one.
  const partial = `${target}.partial`;
  if (existsSync(partial))
    throw new InvalidArgumentError(
      "to",
      `free of ${partial}, left by a backup that was ended`,
      target,
    );
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  const parts = PARTS.filter((part) => existsSync(join(from, part, "data.mdb")));
  const total = parts.reduce((bytes, part) => bytes + bytesOf(from, part), 0);
  const report = () => {
    const done = parts.reduce((bytes, part) => bytes + bytesOf(partial, part), 0);
    progress(Math.min(done, total), total, "bytes");
  };
  const ticking = repeat(clock, report);
  try {
    for (const part of parts) await copyEnvironmentAt(join(from, part), join(partial, part));
  } finally {
    ticking.cancel();
  }
  writeManifest(partial, manifest);
  const head = await headOf(partial);
  report();
  renameSync(partial, target);
  syncDirectory(dirname(target));
  const bytes = parts.reduce((sum, part) => sum + bytesOf(target, part), 0);
  return { from: resolve(from), to: target, head, bytes };
}

/** Copies what stands beside a log and its index, where there is any: the views, and the keys of personal data. */
export async function copyBesideLog(from: string, to: string): Promise<void> {
  if (existsSync(join(from, "views", "data.mdb")))
    await copyEnvironmentAt(join(from, "views"), join(to, "views"));
  const keys = join(from, "keys");
  if (LmdbKeys.newest(keys) > 0) await copyKeys(keys, join(to, "keys"));
}

async function headOf(directory: string): Promise<Position> {
  const log = new LogFile(join(directory, "log"), true);
  const head = log.head();
  await log.close();
  return head;
}

function bytesOf(directory: string, part: string): number {
  return statSync(join(directory, part, "data.mdb"), { throwIfNoEntry: false })?.size ?? 0;
}

function repeat(clock: Clock, run: () => void): { cancel(): void } {
  let timer = clock.setTimer(PROGRESS_EVERY_MS, tick);
  function tick(): void {
    run();
    timer = clock.setTimer(PROGRESS_EVERY_MS, tick);
  }
  return { cancel: () => timer.cancel() };
}
