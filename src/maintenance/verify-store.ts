/** Whether a data directory is whole. */
import { resolve } from "node:path";
import type { ProgressListener, VerifyReport } from "../../journal/index.js";
import { systemClock } from "../kernel/system-clock.js";
import { runInChild } from "./child.js";

/** What `verifyStore`, `backupStore` and `salvageStore` may be told. */
export interface MaintenanceOptions {
  /** Told from time to time how far it is. */
  readonly onProgress?: ProgressListener;
}

const PROGRESS_EVERY_MS = 200;

/** Tells progress on the way to `total`, seldom enough to cost nothing, and always when it is reached. */
export function reportTo(
  { onProgress }: MaintenanceOptions,
  total: number,
): (done: number, what: string) => void {
  let toldAtMs = -Infinity;
  return (done, what) => {
    const nowMs = systemClock.monotonicMs();
    if (done < total && nowMs - toldAtMs < PROGRESS_EVERY_MS) return;
    toldAtMs = nowMs;
    onProgress?.(done, total, what);
  };
}

/**
 * Reads everything in a data directory and reports what is wrong: every checksum, positions and versions without gaps, and
 * whether the index says what the log says. Changes nothing, and may run beside the owner: what is written meanwhile
 * isn't looked at. Works in a process of its own, so that damage can't end this one.
 *
 * @param directory - As given to `openRuntime`.
 * @returns The report; `problemCount` is 0 where all is well. Damage is a finding, not an error.
 */
export async function verifyStore(
  directory: string,
  { onProgress }: MaintenanceOptions = {},
): Promise<VerifyReport> {
  const path = resolve(directory);
  let last = 0;
  const progress: ProgressListener = (done, total, what) => {
    last = done;
    onProgress?.(done, total, what);
  };
  const task = { name: "verify", directory: path } as const;
  const whole = await runInChild<VerifyReport>({ ...task, withState: true }, progress);
  if ("report" in whole) return whole.report;
  last = 0;
  const logOnly = await runInChild<VerifyReport>({ ...task, withState: false }, progress);
  if ("report" in logOnly) {
    const message = `reading it ended the process (${whole.endedBy}); delete the folder, it is rebuilt from the log`;
    return withProblem(logOnly.report, "state", message);
  }
  const nothing: VerifyReport = {
    directory: path,
    storeId: undefined,
    head: last,
    commits: 0,
    streams: 0,
    checksum: 0,
    indexedTo: 0,
    problems: [],
    problemCount: 0,
  };
  return withProblem(
    nothing,
    "log",
    `reading it ended the process after position ${last} (${logOnly.endedBy}); restore a backup, or salvage what can be read`,
  );
}

function withProblem(report: VerifyReport, part: "state" | "log", message: string): VerifyReport {
  return {
    ...report,
    problems: [...report.problems, { part, position: undefined, message }],
    problemCount: report.problemCount + 1,
  };
}
