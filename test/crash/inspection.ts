/**
 * Many stores are looked at in few processes. A damaged one may end the process in native code, and that is a finding
 * about this store and no other; so whoever looks says which one it begins with, and another goes on behind it.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Slice } from "./power-cut.js";
import { tell } from "../../src/maintenance/tell.js";

const PARALLEL = 2;
/** A process is taken for hanging when it says nothing for so long. */
const SILENCE_MS = 60_000;
const PROBLEMS_MAX = 5;

/** What was found of one store; no problems where all is well. */
export interface Finding {
  readonly store: number;
  readonly problems: readonly string[];
}

/** What a script that inspects needs to know, besides how many stores there are. */
export interface Task {
  readonly count: number;
}

/** Has stores inspected by a script that calls `inspectEach`; the task goes to it by a file. */
export async function inspectInChildren<T extends Task>(
  script: string,
  taskFile: string,
  task: T,
): Promise<Finding[]> {
  writeFileSync(taskFile, JSON.stringify(task));
  const share = Math.ceil(task.count / PARALLEL);
  const parts = Array.from({ length: PARALLEL }, (_, part) =>
    inspectSlice(script, taskFile, {
      from: part * share,
      to: Math.min((part + 1) * share, task.count),
    }),
  );
  return (await Promise.all(parts)).flat();
}

async function inspectSlice(script: string, taskFile: string, { from, to }: Slice) {
  const findings: Finding[] = [];
  while (from + findings.length < to) {
    const ended = await inspectSome(
      script,
      taskFile,
      { from: from + findings.length, to },
      findings,
    );
    if (from + findings.length < to)
      findings.push({ store: from + findings.length, problems: [`its process ended: ${ended}`] });
  }
  return findings;
}

async function inspectSome(
  script: string,
  taskFile: string,
  { from, to }: Slice,
  findings: Finding[],
): Promise<string> {
  const args = [script, taskFile, String(from), String(to)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = new Promise<string>((resolve) =>
    child.on("close", (code, signal) => resolve(`${signal ?? code ?? ""} ${errors.slice(-300)}`)),
  );
  const hung = setTimeout(() => child.kill("SIGKILL"), SILENCE_MS);
  for await (const line of createInterface({ input: child.stdout })) {
    hung.refresh();
    findings.push(JSON.parse(line) as Finding);
  }
  clearTimeout(hung);
  return exited;
}

/** For the script: inspects the stores it was given, one after the other. */
export async function inspectEach<T>(
  inspect: (task: T, slice: Slice) => AsyncIterable<readonly string[]>,
): Promise<void> {
  const [taskFile = "", from = "", to = ""] = process.argv.slice(2);
  const task = JSON.parse(readFileSync(taskFile, "utf8")) as T;
  let store = Number(from);
  for await (const problems of inspect(task, { from: store, to: Number(to) })) {
    const finding: Finding = { store: store++, problems: problems.slice(0, PROBLEMS_MAX) };
    // Synchronous: the next store may end this process.
    tell(finding);
  }
}
