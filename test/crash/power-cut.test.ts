import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { inspectInChildren, type Finding } from "./inspection.js";
import type { ImageTask } from "./power-cut-inspection.js";
import type { Unsynced } from "./power-cut.js";
import { compiledShim, underShim } from "./shim/io-shim.js";

/** More with POWER_IMAGES=4000 npm test -- test/crash/power-cut; the same run again with SEED=…. */
const IMAGES = Number(process.env["POWER_IMAGES"] ?? 150);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const CONTROL_IMAGES = 100;
const CREATION_IMAGES = 40;
const CONTROL_BAD_MIN = 0.5;
const CHILDREN = "dist/test/crash";

const shim = compiledShim();
const run = promisify(execFile);

/** Records what a child writes, and returns where that and everything for an inspection is. */
async function recorded(
  args: (directory: string, acknowledgements: string) => readonly string[],
): Promise<Pick<ImageTask, "recording" | "manifest" | "scratch">> {
  const directory = temporaryDirectory();
  const data = join(directory, "data");
  const recording = join(directory, "recording");
  await run(process.execPath, args(data, join(directory, "acknowledged.acks")), {
    env: underShim(shim!, { IO_LOG: recording, IO_PATHS: "/log/,/log.new/,/state/" }),
  });
  const scratch = join(directory, "images");
  return { recording, manifest: join(data, "manifest.json"), scratch };
}

function inspected(script: string, task: ImageTask): Promise<Finding[]> {
  return inspectInChildren(join(CHILDREN, script), `${task.recording}.json`, task);
}

function badOf(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ problems }) => problems.length > 0);
}

describe.skipIf(shim === undefined)(`a power cut, ${IMAGES} images, seed ${SEED}`, () => {
  const journal = (data: string, acknowledgements: string) => [
    join(CHILDREN, "power-cut-child.js"),
    data,
    acknowledgements,
    String(SEED),
  ];
  const raw = (flag: string) => (data: string, acknowledgements: string) => [
    join(CHILDREN, "power-cut-raw-child.js"),
    "write",
    data,
    acknowledgements,
    flag,
  ];
  const cuts = { seed: SEED, count: CONTROL_IMAGES, unsynced: "mixed", during: "life" } as const;

  it(
    "loses and tears nothing that the journal acknowledged",
    { timeout: 30 * 60_000 },
    async () => {
      const task: ImageTask = { ...(await recorded(journal)), ...cuts, count: IMAGES };
      const findings = await inspected("power-cut-inspect-child.js", task);
      const bad = badOf(findings);
      console.log(`power cuts: ${findings.length} images, ${bad.length} bad, seed ${SEED}`);
      expect(findings).toHaveLength(IMAGES);
      expect(bad).toEqual([]);
    },
  );

  // LMDB makes a file by writes that are not synced before the first commit. Where they are there only in part, lmdb-js 3.5.6
  // would end the process (env.cpp, openEnv uses memory it has freed): such a file must not reach it.
  it("leaves a store that opens where it comes while a data file is made", async () => {
    const task: ImageTask = {
      ...(await recorded(journal)),
      ...cuts,
      count: CREATION_IMAGES,
      during: "creation",
    };
    const bad = badOf(await inspected("power-cut-inspect-child.js", task));
    console.log(`power cuts: while files are made, ${bad.length} of ${CREATION_IMAGES} images bad`);
    expect(bad).toEqual([]);
  });

  it.each<[flag: string, unsynced: Unsynced]>([
    ["noSync", "mixed"],
    ["noMetaSync", "none"],
  ])("is found to lose acknowledged puts where LMDB runs with %s", async (flag, unsynced) => {
    const task: ImageTask = { ...(await recorded(raw(flag))), ...cuts, unsynced };
    const bad = badOf(await inspected("power-cut-raw-child.js", task)).length;
    console.log(`power cuts: control ${flag}, ${bad} of ${CONTROL_IMAGES} images bad`);
    expect(bad / CONTROL_IMAGES).toBeGreaterThanOrEqual(CONTROL_BAD_MIN);
  });

  it("is found to lose nothing of the same puts where LMDB syncs", async () => {
    const task: ImageTask = { ...(await recorded(raw("synced"))), ...cuts };
    expect(badOf(await inspected("power-cut-raw-child.js", task))).toEqual([]);
  });
});
