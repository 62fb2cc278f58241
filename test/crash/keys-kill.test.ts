import { spawn } from "node:child_process";
import { openRuntime, type PrivacyOptions, type Runtime } from "tidemark";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { users } from "../privacy/people.js";
import { masterId, nameOf, userId, withMaster, withMasters } from "./keys-under-fire.js";

const CYCLES = Number(process.env["CRASH_CYCLES"] ?? 4);
const PEOPLE = 200;

/** Runs the child until it has written so many lines, and a while longer. Gives whole lines only. */
async function runAndKill(directory: string, round: number, cycle: number): Promise<string[]> {
  const args = ["dist/test/crash/keys-child.js", directory, String(round), String(PEOPLE)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  let isDue = false;
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    const rounds = text.match(/^round/gm)?.length ?? 0;
    if (isDue || rounds < 1 + (cycle % 3)) return;
    isDue = true;
    // From the first steps of a rotation to the ones behind it.
    setTimeout(() => child.kill("SIGKILL"), (7 * cycle) % 60);
  });
  await new Promise((resolve) => child.on("close", resolve));
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
}

const open = (directory: string, privacy: PrivacyOptions) =>
  openRuntime({ directory, freeBytesMin: 0, aggregates: [users], privacy });

/** Every name that was ever answered is in the history, in plain. */
function expectReadable(runtime: Runtime, answered: ReadonlyMap<string, string>): void {
  const found = new Map<string, string>();
  for (const { entityId, version, data } of runtime.events())
    found.set(`${entityId} ${version}`, (data as { name: string }).name);
  expect([...found.values()].filter((name) => !/^Person \d+ of round \d+$/.test(name))).toEqual([]);
  for (const [place, name] of answered) expect(found.get(place)).toBe(name);
}

describe(`keys that are rotated while the process is killed with kill -9, ${CYCLES} times`, () => {
  it("are all there: every value is readable, and the rotation can be finished", async () => {
    const directory = temporaryDirectory();
    const answered = new Map<string, string>();
    let round = 0;
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      for (const line of await runAndKill(directory, round, cycle)) {
        const [word = "", ...numbers] = line.split(" ");
        const [first = 0, writtenIn = 0, version = 0] = numbers.map(Number);
        if (word === "round") round = Math.max(round, first);
        if (word === "wrote") answered.set(`${userId(first)} ${version}`, nameOf(first, writtenIn));
      }
      const runtime = await open(
        directory,
        withMasters(() => round),
      );
      expectReadable(runtime, answered);
      await runtime.close();
    }
    expect(answered.size).toBeGreaterThan(0);
    const last = round + 1;
    let runtime = await open(
      directory,
      withMasters(() => last),
    );
    expect(await runtime.privacy.rotateMasterKey()).toBe(masterId(last));
    await runtime.close();
    // The one alone: nothing is wrapped by any other any more.
    runtime = await open(directory, withMaster(last));
    expectReadable(runtime, answered);
    const { keyIds } = await runtime.privacy.forget(userId(1));
    expect(keyIds.length).toBeGreaterThan(1);
    expect((await runtime.state(users, userId(1))).state.name).toBe("[erased]");
    expect((await runtime.state(users, userId(0))).state.name).toMatch(/^Person 0 /);
    await runtime.close();
  });
});
