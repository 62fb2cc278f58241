import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { inspectInChildren } from "./inspection.js";
import {
  misconductOf,
  remainsOf,
  runOn,
  type Disk,
  type Fault,
  type FaultRun,
  type Manner,
} from "./io-faults.js";
import { randomFrom } from "../support/random.js";
import { compiledShim, IO_CALLS } from "./shim/io-shim.js";

/** Calls to fail in each test: IO_FAULTS=all npm test -- test/crash/io-faults; the same sample again with SEED=…. */
const FAULTS = process.env["IO_FAULTS"] ?? "8";
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const PARALLEL = 2;
const TIMEOUT_MS = 30 * 60_000;

const shim = compiledShim();
const mixed: Omit<Disk, "paths" | "errno"> = {
  shim: shim ?? "",
  plan: "mixed",
  armed: false,
  calls: IO_CALLS,
};

/** Which of so many calls to fail: all, or some from every part of the workload. */
function chosen(calls: number, random: () => number): number[] {
  if (FAULTS === "all") return Array.from({ length: calls }, (_, index) => index + 1);
  const count = Math.min(Number(FAULTS), calls);
  return Array.from(
    { length: count },
    (_, part) => 1 + Math.floor(((part + random()) * calls) / count),
  );
}

/** Runs the workload once without a failure, and then with each of the chosen ones. */
async function runWithFaults(disk: Disk, manners: readonly Manner[], home: string) {
  const whole = await runOn(disk, { at: 0, manner: "once" }, join(home, "whole"));
  expect(misconductOf(whole)).toEqual([]);
  const random = randomFrom(SEED);
  const faults: Fault[] = manners.flatMap((manner) =>
    chosen(whole.calls, random).map((at) => ({ at, manner })),
  );
  const runs: FaultRun[] = [];
  const queue = faults.entries();
  const worker = async (): Promise<void> => {
    for (const [index, fault] of queue) runs.push(await runOn(disk, fault, join(home, `${index}`)));
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return { runs, calls: whole.calls };
}

/** Everything wrong: what processes did that shouldn't, and what is found when the disk is well again. */
async function wrongIn(runs: readonly FaultRun[], home: string): Promise<string[]> {
  const findings = await inspectInChildren(
    "dist/test/crash/io-faults-inspect-child.js",
    join(home, "stores.json"),
    { count: runs.length, stores: runs.map(remainsOf) },
  );
  return runs.flatMap((run, index) => {
    const found = findings.find(({ store }) => store === index)?.problems ?? ["not inspected"];
    const wrong = [
      ...misconductOf(run),
      // Whatever the process made of it: on the disk nothing is excused.
      ...found.map((problem) => `afterwards: ${problem}`),
    ];
    return wrong.map((problem) => `call ${run.fault.at}, ${run.fault.manner}: ${problem}`);
  });
}

function report(name: string, runs: readonly FaultRun[], calls: number): void {
  const signals = runs.flatMap(({ signal, failed }) =>
    signal === undefined ? [] : [`${signal} after ${failed}`],
  );
  const count = (what: string) =>
    runs.filter(({ told }) => told.some((line) => line.what === what)).length;
  const wrong = runs.filter((run) => misconductOf(run).length > 0).length;
  console.log(
    `${name}: ${runs.length} runs over ${calls} calls, ${count("rejected")} with rejections, ` +
      `${count("not-opened")} failed to open, ${count("not-closed")} to close, ${wrong} with misconduct, ` +
      `${signals.length} ended by a signal (${[...new Set(signals)].join(", ")}), seed ${SEED}`,
  );
}

describe.skipIf(shim === undefined)(`a failing disk, seed ${SEED}`, () => {
  it(
    "rejects every append from the first that the disk fails to sync, and keeps the others",
    { timeout: TIMEOUT_MS },
    async () => {
      const home = temporaryDirectory();
      const disk: Disk = {
        ...mixed,
        plan: "singles",
        armed: true,
        calls: "fdatasync",
        paths: "/log/,/log.new/",
        errno: "EIO",
      };
      const { runs, calls } = await runWithFaults(disk, ["once", "from then on"], home);
      report("syncs that fail", runs, calls);
      for (const { told, fault } of runs) {
        const rejected = told.filter((line) => line.what === "rejected");
        expect(rejected[0]).toMatchObject({ n: fault.at - 1, code: "append-outcome-unknown" });
      }
      expect(await wrongIn(runs, home)).toEqual([]);
    },
  );

  it.each(["/log/,/log.new/", "/state/"])(
    "loses nothing acknowledged, whatever call to %s it fails",
    { timeout: TIMEOUT_MS },
    async (paths) => {
      const home = temporaryDirectory();
      const disk: Disk = { ...mixed, paths, errno: "EIO" };
      const manners: Manner[] = ["once", "from then on", "once, done"];
      const { runs, calls } = await runWithFaults(disk, manners, home);
      report(`calls to ${paths} that fail`, runs, calls);
      expect(runs.every(({ failures }) => failures > 0)).toBe(true);
      expect(await wrongIn(runs, home)).toEqual([]);
    },
  );

  it(
    "loses and tears nothing acknowledged when it is full, without the guard",
    { timeout: TIMEOUT_MS },
    async () => {
      const home = temporaryDirectory();
      const disk: Disk = { ...mixed, paths: "/log/,/log.new/,/state/", errno: "ENOSPC" };
      const { runs, calls } = await runWithFaults(disk, ["from then on"], home);
      report("a full disk", runs, calls);
      expect(runs.every(({ failures }) => failures > 0)).toBe(true);
      expect(await wrongIn(runs, home)).toEqual([]);
    },
  );
});
