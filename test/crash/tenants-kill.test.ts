import { spawn } from "node:child_process";
import { openTenants } from "tidemark";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { randomFrom } from "../support/random.js";
import { Account } from "./account-under-fire.js";

const CYCLES = Number(process.env["CRASH_CYCLES"] ?? 4);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** Runs the service, kills it once it has said so many lines, and gives what it said. */
async function runAndKill(directory: string, seed: number, lines: number): Promise<string[]> {
  const args = ["dist/test/crash/tenants-child.js", directory, String(seed)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("\n").length > lines) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
}

describe(`tenants whose process is killed with kill -9 while several are open, ${CYCLES} times, seed ${SEED}`, () => {
  it("have all that was answered, each by itself, and are opened at the next start to see what is due", async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const answered = new Map<string, number>();
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const lines = 5 + Math.floor(random() * 60);
      for (const line of await runAndKill(directory, SEED + cycle, lines)) {
        const [id = "", version = "0"] = line.split(" ");
        if (id.startsWith("t")) answered.set(id, Math.max(answered.get(id) ?? 0, Number(version)));
      }
    }
    expect(answered.size).toBeGreaterThan(0);
    const tenants = await openTenants({ directory, aggregates: [Account], freeBytesMin: 0 });
    expect(tenants.status().toWake + tenants.status().open).toBeGreaterThan(0);
    for (const [id, version] of answered) {
      const state = await tenants.use(id, (runtime) => runtime.state(Account, "a"));
      expect(state.version).toBeGreaterThanOrEqual(version);
      expect(state.state.count).toBe(state.version);
    }
    await tenants.close();
    for (const id of answered.keys())
      expect((await built.verifyStore(join(directory, `t-${id}`))).problems).toEqual([]);
  });
});
