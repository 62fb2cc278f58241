/**
 * Work on a data directory that may be damaged, in a process of its own: a damaged page can end a process in LMDB's native
 * code, and the service that asked must live.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { TidemarkError } from "../kernel/errors.js";
import type { ProgressListener, SalvageReport, Skips, VerifyReport } from "../../journal/index.js";

/** What the process is asked for. */
export type Task =
  | { readonly name: "verify"; readonly directory: string; readonly withState: boolean }
  | {
      readonly name: "salvage";
      readonly from: string;
      readonly to: string;
      readonly skips: Skips;
      /** Holds the position that is read, for when the process is ended by it. */
      readonly readingFile: string;
    };

/** A line of what it says. */
export type Line =
  | { readonly progress: readonly [done: number, total: number, what: string] }
  | { readonly result: VerifyReport | SalvageReport }
  | { readonly failed: { readonly code: string; readonly message: string } };

/** How it ended: with a result, or by a signal. */
export type Ending<Report> = { readonly report: Report } | { readonly endedBy: string };

/** The directory can't be worked on; see the code of the error inside, and whether anything was written in its message. */
export class MaintenanceError extends TidemarkError {
  readonly retryable = false;

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export async function runInChild<Report extends VerifyReport | SalvageReport>(
  task: Task,
  progress: ProgressListener | undefined,
): Promise<Ending<Report>> {
  // Not `pathname`: a folder may have a space in its name.
  const script = fileURLToPath(new URL("maintenance-child.js", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? `exit code ${code ?? "unknown"}`));
  });
  let problems = "";
  child.stderr.on("data", (text) => (problems = `${problems}${String(text)}`.slice(-2_000)));
  let report: Report | undefined;
  let failed: { readonly code: string; readonly message: string } | undefined;
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    if ("progress" in line) progress?.(...line.progress);
    else if ("result" in line) report = line.result as Report;
    else failed = line.failed;
  }
  const endedBy = await ended;
  if (failed !== undefined) throw new MaintenanceError(failed.code, failed.message);
  if (report !== undefined) return { report };
  return { endedBy: problems === "" ? endedBy : `${endedBy}: ${problems.trim().split("\n")[0]}` };
}
