/** Keys of personal data, put back. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  JournalFormatError,
  lockStore,
  restoreKeys as restore,
  type KeysReport,
} from "../../journal/index.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";

/**
 * Puts keys of personal data back into a data directory that has none: after `restoreStore`, before a runtime is opened on it. Keys of
 * subjects that were forgotten after the copy was made are destroyed again when the runtime opens. The copy isn't changed.
 *
 * @param from - What `backupKeys` made, or the folder `keys` of another copy.
 * @param directory - A data directory of the same store.
 * @throws JournalFormatError - There is no journal in `directory`. Nothing was written.
 * @throws JournalOwnedError - Somebody has it open for writing. Nothing was written; may be retried once it is closed.
 * @throws InvalidArgumentError - It has keys: an open runtime without any makes some. Nothing was written.
 * @throws KeyStoreError - The keys are those of another store, or damaged, or there are none. Nothing is left of the copy.
 */
export async function restoreKeys(from: string, directory: string): Promise<KeysReport> {
  const path = resolve(directory);
  if (!existsSync(path)) throw new JournalFormatError(path, "there is no journal in it");
  const lock = lockStore(path, { clock: systemClock, ids: systemIds });
  try {
    return await restore(resolve(from), path, systemClock);
  } finally {
    lock.release();
  }
}
