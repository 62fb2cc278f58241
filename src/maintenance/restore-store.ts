/** A backup put back. */
import { renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { backup, syncDirectory, type VerifyReport } from "../../journal/index.js";
import { systemClock } from "../kernel/system-clock.js";
import { MaintenanceError } from "./child.js";
import { newFolder } from "./new-folder.js";
import { verifyStore, type MaintenanceOptions } from "./verify-store.js";

/** What `restoreStore` did. */
export interface RestoreReport {
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  /** Of the restored directory, which was read as a whole. */
  readonly verified: VerifyReport;
}

/**
 * Copies a backup to where a runtime is to be opened: verifies the backup, copies it, verifies the copy and compares the two. Until
 * all of that is done the directory is called `<directory>.restoring`. The backup isn't changed.
 *
 * @param from - What `backupStore` made, or another data directory.
 * @param directory - A folder that is empty or isn't there.
 * @throws InvalidArgumentError - `directory` isn't empty. Nothing was written.
 * @throws JournalFormatError - There is no journal in `from`. Nothing was written.
 * @throws MaintenanceError - The backup is damaged (`backup-damaged`; nothing was written), or the copy isn't the same
 *   (`copy-differs`; it is removed).
 */
export async function restoreStore(
  from: string,
  directory: string,
  options: MaintenanceOptions = {},
): Promise<RestoreReport> {
  const to = newFolder(directory, "directory");
  const wanted = await verifyStore(from, options);
  if (wanted.problemCount > 0)
    throw new MaintenanceError(
      "backup-damaged",
      `${from} isn't whole: ${firstProblem(wanted)}; nothing was written: restore another backup, or salvage this one`,
    );
  const restoring = `${to}.restoring`;
  rmSync(restoring, { recursive: true, force: true });
  rmSync(`${restoring}.partial`, { recursive: true, force: true });
  const { bytes } = await backup(
    wanted.directory,
    restoring,
    systemClock,
    options.onProgress ?? (() => undefined),
  );
  const copied = await verifyStore(restoring, options);
  // The head, too: a checksum of nothing is equal to another.
  const isSame = copied.checksum === wanted.checksum && copied.head === wanted.head;
  if (copied.problemCount > 0 || !isSame) {
    rmSync(restoring, { recursive: true, force: true });
    throw new MaintenanceError(
      "copy-differs",
      `the copy of ${from} isn't the same: ${firstProblem(copied)}; it was removed: look at the disk, and whether somebody writes to ${from}`,
    );
  }
  renameSync(restoring, to);
  syncDirectory(dirname(to));
  return { from: wanted.directory, to, bytes, verified: { ...copied, directory: to } };
}

function firstProblem({ problems, head }: VerifyReport): string {
  const [first] = problems;
  return first === undefined ? `it ends at position ${head}` : `${first.part}: ${first.message}`;
}
