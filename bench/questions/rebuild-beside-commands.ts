/** How long do commands take that come at a steady rate, while a view is built anew? */
import type { Runtime } from "../../src/index.js";
import { accountIds } from "../account.js";
import { Comparison, openLoop, type Answer, type Sample } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { deposit, deposits, openAccounts } from "../stores/tidemark-store.js";
import { Counting } from "../views.js";

export interface RebuildBesideCommandsSize {
  readonly rounds: number;
  readonly rebuildEvents: number;
  /** Of each measurement. */
  readonly steadySeconds: number;
}

const ACCOUNTS = 1_000;
const PER_SECOND = 5_000;
const ALONE = "without a rebuild";
const BESIDE = "while a view is rebuilt";

export async function rebuildBesideCommands(size: RebuildBesideCommandsSize): Promise<Answer> {
  const { rounds, rebuildEvents: events, steadySeconds } = size;
  const comparison = new Comparison(
    `${PER_SECOND} commands a second, sent when they are due, beside ${events} events`,
  );
  const ids = accountIds(ACCOUNTS);
  await inDirectory(async (directory) => {
    const runtime = await openAccounts(directory, { projections: [Counting] });
    await deposits(runtime, ids, events, 256);
    await runtime.operations.refresh(Counting, { timeoutMs: 600_000 });
    const send = (n: number) => deposit(runtime, ids[n % ACCOUNTS] as string, 1);
    await openLoop(PER_SECOND, 1, send);
    for (let round = 0; round < rounds; round++) {
      comparison.add(ALONE, await openLoop(PER_SECOND, steadySeconds, send));
      const measure = () => openLoop(PER_SECOND, steadySeconds, send);
      comparison.add(BESIDE, await besideRebuilds(runtime, measure));
    }
    await runtime.close();
  });
  return {
    rows: comparison.rows(),
    targets: [comparison.p99AtMostTimes(1.5, BESIDE, ALONE)],
  };
}

/** One rebuild after the other for as long as it takes; the last one is given up. */
async function besideRebuilds(runtime: Runtime, measure: () => Promise<Sample>): Promise<Sample> {
  const measuring = new AbortController();
  const rebuilding = rebuildAgainAndAgain(runtime, measuring.signal);
  const sample = await measure();
  measuring.abort();
  await rebuilding;
  return sample;
}

async function rebuildAgainAndAgain(runtime: Runtime, signal: AbortSignal): Promise<void> {
  const { operations } = runtime;
  while (!signal.aborted) {
    if (!isRebuilding(runtime)) await operations.rebuild(Counting);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (isRebuilding(runtime)) await operations.cancelRebuild(Counting);
}

function isRebuilding(runtime: Runtime): boolean {
  const rebuild = runtime.status().projections[Counting.name]?.rebuild;
  if (rebuild?.phase === "failed") throw new Error(rebuild.error);
  return rebuild !== undefined && rebuild.phase !== "done";
}
