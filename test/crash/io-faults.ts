/** Runs the child whose disk fails at a chosen call, and judges what it told. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Told } from "./io-faults-child.js";
import type { Remains } from "./io-faults-inspect-child.js";
import { underShim } from "./shim/io-shim.js";

/** So long without a word. */
const HUNG_AFTER_MS = 30_000;
/** More than any plan of the child has. */
const COMMITS_MAX = 1_000;
const REFUSALS = ["append-outcome-unknown", "journal-poisoned"];

/** "once": that call only. "from then on": every later one, too. "once, done": it was carried out and yet reported as failed. */
export type Manner = "once" | "from then on" | "once, done";

export interface Disk {
  readonly shim: string;
  readonly plan: "singles" | "mixed";
  /** Whether calls count from the first opening's end instead of from the start. */
  readonly armed: boolean;
  readonly calls: string;
  readonly paths: string;
  readonly errno: "EIO" | "ENOSPC";
}

/** Which call fails; 0 for none. */
export interface Fault {
  readonly at: number;
  readonly manner: Manner;
}

export interface FaultRun {
  readonly fault: Fault;
  readonly directory: string;
  readonly told: readonly Told[];
  /** Calls that were counted, and how many of them failed. */
  readonly calls: number;
  readonly failures: number;
  /** Name of the first that failed. */
  readonly failed: string;
  /** What ended the process, where it didn't end by itself. */
  readonly signal: string | undefined;
  readonly code: number | undefined;
}

/** Runs the child in `home`, a directory that isn't there yet. */
export async function runOn(disk: Disk, fault: Fault, home: string): Promise<FaultRun> {
  mkdirSync(home);
  const directory = join(home, "data");
  const counted = join(home, "counted");
  const arm = disk.armed ? join(home, "armed") : "";
  const args = ["dist/test/crash/io-faults-child.js", directory, disk.plan, arm];
  const env = underShim(disk.shim, {
    IO_PATHS: disk.paths,
    IO_FAIL_CALLS: disk.calls,
    IO_FAIL_ERRNO: disk.errno,
    IO_FAIL_AT: String(fault.at),
    IO_FAIL_ONCE: fault.manner === "from then on" ? "0" : "1",
    IO_FAIL_AFTER: fault.manner === "once, done" ? "1" : "0",
    IO_COUNT_FILE: counted,
    ...(disk.armed ? { IO_ARM: arm } : {}),
  });
  // LMDB reports each failed write on its stderr, which nobody needs here.
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
  const hung = setTimeout(() => child.kill("SIGKILL"), HUNG_AFTER_MS);
  const ended = new Promise<Pick<FaultRun, "signal" | "code">>((resolve) =>
    child.on("close", (code, signal) =>
      resolve({ code: code ?? undefined, signal: signal ?? undefined }),
    ),
  );
  const told: Told[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(JSON.parse(line) as Told);
    hung.refresh();
  }
  clearTimeout(hung);
  const [calls, failures, failed = ""] = readFileSync(counted, "utf8").split(/\s/);
  return {
    ...{ fault, directory, told, failed },
    calls: Number(calls),
    failures: Number(failures),
    ...(await ended),
  };
}

/** Everything that a failing disk doesn't excuse. That the process crashed in native code is not in here. */
export function misconductOf({ told, fault, code, signal }: FaultRun): string[] {
  const wrong: string[] = [];
  const openings = new Map<number, Told[]>();
  for (const line of told) {
    if (line.what === "unhandled") wrong.push(`unhandled: ${line.error}`);
    else openings.set(line.opening, [...(openings.get(line.opening) ?? []), line]);
  }
  for (const lines of openings.values()) wrong.push(...misconductIn(lines));
  const troubled = [...openings.values()].filter((lines) =>
    lines.some(({ what }) => ["not-opened", "not-closed", "rejected"].includes(what)),
  );
  if (fault.manner !== "from then on" && troubled.length > 1) {
    const how = troubled[0]?.[0]?.what === "not-opened" ? "didn't open" : "opened";
    wrong.push(`one failure troubled ${troubled.length} openings, the first ${how}`);
  }
  if (signal === "SIGKILL") wrong.push("hung");
  if (signal === undefined && code !== 0) wrong.push(`exit code ${code ?? "unknown"}`);
  return wrong;
}

/** From the first rejection on a journal must reject everything, and show nothing that it didn't acknowledge. */
function misconductIn(lines: readonly Told[]): string[] {
  const wrong: string[] = [];
  const rejected = new Set<number>();
  let head: number | undefined;
  for (const line of lines) {
    if (line.what === "acknowledged" && head !== undefined)
      wrong.push(`${line.n} was acknowledged after a rejection`);
    if (line.what === "rejected") {
      if (!REFUSALS.includes(line.code)) wrong.push(`${line.n} was rejected with ${line.code}`);
      head ??= line.head;
      rejected.add(line.n);
    }
    if ((line.what === "rejected" || line.what === "seen") && line.head !== (head ?? line.head))
      wrong.push(`the head moved from ${head ?? 0} to ${line.head} after a rejection`);
    if (line.what === "seen") {
      wrong.push(...line.problems);
      for (const n of line.numbers)
        if (rejected.has(n)) wrong.push(`${n} is seen, and was rejected`);
    }
  }
  return wrong;
}

/** What the next opening may find. */
export function remainsOf({ told, directory, signal }: FaultRun): Remains {
  const acknowledged: [number, number][] = [];
  const unknown = new Map<string, number[]>();
  const untold = new Set(Array.from({ length: COMMITS_MAX }, (_, n) => n));
  for (const line of told) {
    if (line.what === "acknowledged" || line.what === "rejected") untold.delete(line.n);
    if (line.what === "acknowledged") acknowledged.push([line.n, line.position]);
    if (line.what === "rejected" && line.code === "append-outcome-unknown")
      unknown.set(line.group, [...(unknown.get(line.group) ?? []), line.n]);
  }
  // A process that ended in native code said nothing of what was on its way just then.
  if (signal !== undefined) for (const n of untold) unknown.set(`untold ${n}`, [n]);
  return { directory, acknowledged, unknown: [...unknown.values()] };
}
