/** What can be saved of a damaged data directory. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SalvageReport } from "../../journal/index.js";
import { MaintenanceError, runInChild } from "./child.js";
import { newFolder } from "./new-folder.js";
import type { MaintenanceOptions } from "./verify-store.js";

/** Places that may end the process before it is given up; each time twice as much is passed over. */
const ATTEMPTS_MAX = 500;

/**
 * Copies every readable commit of a damaged journal into a new one, and lists what couldn't be read. The original isn't
 * changed. Where something is lost, the positions and versions behind it close up: the copy is a store of its own,
 * with another id, and the report says what each stream lacks. Restoring a backup is better where there is one.
 *
 * @param from - The damaged directory; nobody should have it open for writing.
 * @param to - A folder that is empty or isn't there.
 * @throws InvalidArgumentError - `to` isn't empty. Nothing was written.
 * @throws MaintenanceError - The original can't be opened at all. What was copied is removed.
 */
export async function salvageStore(
  from: string,
  to: string,
  { onProgress }: MaintenanceOptions = {},
): Promise<SalvageReport> {
  const log = join(resolve(from), "log", "data.mdb");
  if (!existsSync(log))
    throw new MaintenanceError(
      "journal-unreadable",
      `${resolve(from)} has no log in it (no ${log}), so there is nothing to copy; nothing was written`,
    );
  const target = newFolder(to);
  const readingFile = `${target}.reading`;
  const skips: [number, number][] = [];
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const task = {
        name: "salvage",
        from: resolve(from),
        to: target,
        skips,
        readingFile,
      } as const;
      const ending = await runInChild<SalvageReport>(task, onProgress);
      if ("report" in ending) return ending.report;
      rmSync(target, { recursive: true, force: true });
      addSkip(skips, positionIn(readingFile, ending.endedBy));
    }
  } finally {
    rmSync(readingFile, { force: true });
  }
  throw new MaintenanceError(
    "journal-unreadable",
    `${from} ended the reading process ${ATTEMPTS_MAX} times; nothing was copied`,
  );
}

function positionIn(file: string, endedBy: string): number {
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  if (bytes.length > 0) return bytes.readDoubleBE();
  throw new MaintenanceError("journal-unreadable", `the journal can't be opened (${endedBy})`);
}

/** A place right behind the last one means that all of a page is damaged: go further each time. */
function addSkip(skips: [number, number][], position: number): void {
  const last = skips.at(-1);
  if (last?.[1] === position) last[1] = position + 2 * (position - last[0]);
  else skips.push([position, position + 1]);
}
