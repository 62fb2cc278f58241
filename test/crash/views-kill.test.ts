import { spawn } from "node:child_process";
import { openRuntime } from "tidemark";
import { LmdbViews } from "../../journal/index.js";
import { checkGenerations } from "../support/generation-check.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { randomFrom } from "../support/random.js";
import { Account } from "./account-under-fire.js";
import { foldOf } from "./views-under-fire.js";

/** More with CRASH_CYCLES=100; the same run again with SEED=…. */
const CYCLES = Number(process.env["CRASH_CYCLES"] ?? 12);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

/** Runs the service for a while and kills it. */
async function runAndKill(args: readonly string[], afterMs: number): Promise<void> {
  const child = spawn(process.execPath, ["dist/test/crash/views-child.js", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
  // From when it is open; a kill while it opens is as good.
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs));
  expect(await exited).toBe("SIGKILL");
}

describe(`views of a service killed with kill -9, ${CYCLES} times, seed ${SEED}`, () => {
  it(
    "are the fold of the log up to their checkpoint, every generation and index of them, less what is parked",
    { timeout: 30 * 60_000 },
    async () => {
      const random = randomFrom(SEED);
      const directory = temporaryDirectory();
      const total = { generations: 0, parked: 0, problems: [] as string[] };
      let version = 1;
      for (let round = 0; round < CYCLES; round++) {
        if (round % 3 === 2) version += 1;
        const mended = random() < 0.5;
        const args = [
          directory,
          String(version),
          String(mended),
          String(Math.floor(random() * 1e9)),
        ];
        await runAndKill(args, Math.floor(random() * 400));
        const runtime = await openRuntime({ directory, aggregates: [Account], freeBytesMin: 0 });
        const events = [...runtime.events()];
        await runtime.close();
        const storeId = events[0]?.eventId.split(":")[0] ?? "";
        const views = new LmdbViews(directory, storeId);
        const found = checkGenerations(views, "rows", events, foldOf);
        await views.close();
        total.generations += found.generations;
        total.parked += found.parked;
        total.problems.push(...found.problems.map((problem) => `round ${round}: ${problem}`));
      }
      console.log(`views under kill -9: ${CYCLES} cycles, seed ${SEED}, ${JSON.stringify(total)}`);
      expect(total.problems).toEqual([]);
      expect(total.generations).toBeGreaterThan(CYCLES / 2);
    },
  );
});
