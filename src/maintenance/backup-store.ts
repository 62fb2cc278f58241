/** Copies of a data directory. */
import { backup, type BackupReport } from "../../journal/index.js";
import { systemClock } from "../kernel/system-clock.js";
import { newFolder } from "./new-folder.js";
import type { MaintenanceOptions } from "./verify-store.js";

/**
 * Copies a data directory as of one moment, while its owner goes on writing: everything acknowledged before the call is in the
 * copy. It is a data directory like the original (with the same store id), complete and on disk when this resolves; until
 * then it has another name. To restore, copy it to where the runtime is opened.
 *
 * @param from - As given to `openRuntime`.
 * @param to - A folder that is empty or isn't there.
 * @throws JournalFormatError - There is no journal in `from`, or not one that this version can read. Nothing was written.
 * @throws InvalidArgumentError - `to` isn't empty. Nothing was written.
 */
export async function backupStore(
  from: string,
  to: string,
  { onProgress }: MaintenanceOptions = {},
): Promise<BackupReport> {
  return backup(from, newFolder(to), systemClock, onProgress ?? (() => undefined));
}
