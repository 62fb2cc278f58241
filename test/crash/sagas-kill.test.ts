import { spawn } from "node:child_process";
import { openRuntime } from "tidemark";
import { describe, expect, it, onTestFinished } from "vitest";
import { LmdbViews } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { randomFrom } from "../support/random.js";
import { checkSagaRows } from "../support/saga-rows-check.js";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";
import { problemsOf, toldOf } from "../support/transfers-told.js";
import { CALLERS, PURSE_CENTS, PURSES, transfer } from "./sagas-under-fire.js";

/** More with CRASH_CYCLES=100 CRASH_TRANSFERS=10000; the same run again with SEED=…. */
const CYCLES = Number(process.env["CRASH_CYCLES"] ?? 6);
const TRANSFERS = Number(process.env["CRASH_TRANSFERS"] ?? 600);
/** From when a life is open until it is killed, at the most. */
const LIFE_MS = Number(process.env["CRASH_LIFE_MS"] ?? 400);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

const options = { aggregates: [Purse, TransferOrder], sagas: [Transfer], freeBytesMin: 0 };

/** Runs the service for a while and kills it. */
async function runAndKill(args: readonly string[], afterMs: number): Promise<void> {
  const child = spawn(process.execPath, ["dist/test/crash/sagas-child.js", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
  child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), afterMs));
  expect(await exited).toBe("SIGKILL");
}

/** As it was left, before anybody opens it: rows against the log. */
async function rowProblems(directory: string): Promise<string[]> {
  const reader = await openRuntime({ ...options, directory, readOnly: true });
  const events = [...reader.events()];
  await reader.close();
  const storeId = events[0]?.eventId.split(":")[0] ?? "";
  const views = new LmdbViews(directory, storeId);
  try {
    return checkSagaRows(views, events, ["transfer"]);
  } finally {
    await views.close();
  }
}

describe(`transfers of a service killed with kill -9, ${CYCLES} times, seed ${SEED}`, () => {
  it(
    "move all money once, none is stuck, and the index is the fold of the log",
    { timeout: 60 * 60_000 },
    async () => {
      const random = randomFrom(SEED);
      const directory = temporaryDirectory();
      const problems: string[] = [];
      const beganMs = performance.now();
      let begun = 0;
      for (let cycle = 0; cycle < CYCLES; cycle++) {
        const from = Math.floor((TRANSFERS * cycle) / CYCLES);
        const to = Math.floor((TRANSFERS * (cycle + 1)) / CYCLES);
        await runAndKill([directory, String(from), String(to)], Math.floor(random() * LIFE_MS));
        const found = await rowProblems(directory);
        problems.push(...found.map((problem) => `cycle ${cycle}: ${problem}`));
      }
      const killedSeconds = (performance.now() - beganMs) / 1_000;
      const runtime = await openRuntime({ ...options, directory });
      const startedMs = performance.now();
      for (const { instances } of runtime.sagas.counts(Transfer)) begun += instances;
      let next = 0;
      const caller = async () => {
        while (next < TRANSFERS) await transfer(runtime, next++);
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
      await runtime.sagas.idle();
      const seconds = (performance.now() - startedMs) / 1_000;
      const told = toldOf(runtime.events());
      problems.push(...problemsOf(told));
      expect(told.transfers.size).toBe(TRANSFERS);
      expect(told.cents).toBe(PURSES * PURSE_CENTS);
      const left = runtime.sagas.outbox().map(({ inFlight, waiting }) => inFlight + waiting);
      expect(left).toEqual(left.map(() => 0));
      const counts = runtime.sagas.counts(Transfer);
      await runtime.close();
      problems.push(...(await rowProblems(directory)));
      const figures = {
        transfers: TRANSFERS,
        kills: CYCLES,
        problems: problems.length,
        underKills: { begun: begun, seconds: Number(killedSeconds.toFixed(1)) },
        rest: { transfers: TRANSFERS - begun, seconds: Number(seconds.toFixed(2)) },
        perSecondOfRest: Math.round((TRANSFERS - begun) / seconds),
        ends: Object.fromEntries(counts.map(({ state, instances }) => [state, instances])),
      };
      console.log(`transfers under kill -9, seed ${SEED}: ${JSON.stringify(figures)}`);
      expect(problems.slice(0, 20)).toEqual([]);
    },
  );
});
