/**
 * Does it stay as fast when the store grows: commands and hydration at each size; and how long does opening the largest one
 * take, after a clean close and after kill -9?
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { accountIds, AccountWithoutSnapshots, shuffled } from "../account.js";
import { Comparison, rateOf, spreadOf, type Answer, type Curve } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { deposits, foldStates, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";

export interface GrowthSize {
  readonly rounds: number;
  /** Events in the store at which it is measured, ascending. */
  readonly sizes: readonly number[];
  readonly growthCommands: number;
}

const ACCOUNTS = 10_000;
const HYDRATED = 2_000;

export async function growth(size: GrowthSize): Promise<Answer> {
  const largest = Math.max(...size.sizes).toLocaleString("en");
  const clean = new Comparison(`ms to open ${largest} events after a clean close`);
  const killed = new Comparison(`ms to open ${largest} events after kill -9`);
  const commands: [number, number][] = [];
  const events: [number, number][] = [];
  await inDirectory(async (directory) => {
    for (const wanted of size.sizes) {
      await growTo(directory, wanted);
      commands.push([wanted, await commandRate(directory, size)]);
      events.push([wanted, await hydrationRate(directory, size)]);
    }
    for (let round = 0; round < size.rounds; round++) {
      clean.add(TIDEMARK, { value: await openingMs(directory) });
      await killWhileWriting(directory);
      killed.add(TIDEMARK, { value: await openingMs(directory) });
    }
  });
  return {
    rows: [clean, killed].flatMap((comparison) => comparison.rows()),
    targets: [clean.atMost(500, TIDEMARK, "ms"), killed.atMost(2_000, TIDEMARK, "ms")],
    curves: [
      curve("durable commands, 256 in flight, 10,000 accounts", "commands a second", commands),
      curve("hydration", "events a second", events),
    ],
  };
}

function curve(name: string, yLabel: string, points: readonly [number, number][]): Curve {
  return { plot: `growth: ${name}`, name: TIDEMARK, xLabel: "events in the store", yLabel, points };
}

async function growTo(directory: string, events: number): Promise<void> {
  const runtime = await openAccounts(directory, { activationsMax: ACCOUNTS * 2 });
  await deposits(runtime, accountIds(ACCOUNTS), Math.max(0, events - runtime.head), 256);
  await runtime.close();
}

async function commandRate(directory: string, size: GrowthSize): Promise<number> {
  const rates: number[] = [];
  const ids = shuffled(accountIds(ACCOUNTS));
  for (let round = 0; round < size.rounds; round++) {
    const runtime = await openAccounts(directory, { activationsMax: ACCOUNTS * 2 });
    await deposits(runtime, ids, ACCOUNTS, 256);
    rates.push((await deposits(runtime, ids, size.growthCommands, 256)).value);
    await runtime.close();
  }
  return spreadOf(rates).median;
}

async function hydrationRate(directory: string, size: GrowthSize): Promise<number> {
  const rates: number[] = [];
  const runtime = await openAccounts(directory, {}, AccountWithoutSnapshots);
  const ids = shuffled(accountIds(ACCOUNTS)).slice(0, HYDRATED);
  const fold = () => foldStates(runtime, ids);
  const count = await fold();
  for (let round = 0; round < size.rounds; round++) rates.push((await rateOf(count, fold)).value);
  await runtime.close();
  return spreadOf(rates).median;
}

async function openingMs(directory: string): Promise<number> {
  const startedAt = performance.now();
  const runtime = await openAccounts(directory);
  const ms = performance.now() - startedAt;
  await runtime.close();
  return ms;
}

async function killWhileWriting(directory: string): Promise<void> {
  const script = fileURLToPath(new URL("killed-writer-child.js", import.meta.url));
  const child = spawn(process.execPath, [script, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
}
