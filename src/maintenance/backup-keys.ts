/** Copies of the keys of personal data. */
import { resolve } from "node:path";
import { backupKeys as backup, type KeysReport } from "../../journal/index.js";
import { systemClock } from "../kernel/system-clock.js";
import { newFolder } from "./new-folder.js";

/**
 * Copies the keys of personal data of a data directory, while its owner goes on: they aren't in what `backupStore` makes. No key that was
 * destroyed when this began is in the copy; nor is one that is destroyed before all is copied. They stay wrapped by the master key,
 * which isn't in the copy either. Each row is read back. Until it is complete and on disk the folder is called `<to>.partial`.
 *
 * Keep the copy apart from the backups of the journal, and only the newest: whoever has an old one, the journal and the master key can read
 * what was forgotten since.
 *
 * @param directory - As given to `openRuntime`.
 * @param to - A folder that is empty or isn't there.
 * @throws JournalFormatError - There is no journal in `directory`. Nothing was written.
 * @throws KeyStoreError - It has no keys, or they are damaged. Nothing is left of the copy.
 * @throws InvalidArgumentError - `to` isn't empty, or `<to>.partial` is there. Nothing was written.
 */
export async function backupKeys(directory: string, to: string): Promise<KeysReport> {
  return backup(resolve(directory), newFolder(to), systemClock);
}
