/** How fast is a view built anew from its events, for how long does it stand still for that, and in how much memory? */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runtime } from "../../src/index.js";
import { accountIds } from "../account.js";
import { Comparison, rateOf, type Answer } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { SQLITE, SqliteStore } from "../stores/sqlite-store.js";
import { SqliteView } from "../stores/sqlite-view.js";
import { deposits, openAccounts, TIDEMARK } from "../stores/tidemark-store.js";
import { Counting } from "../views.js";

export interface RebuildSize {
  readonly rounds: number;
  readonly rebuildEvents: number;
  /** Over many accounts. */
  readonly scatteredEvents: number;
}

const FROM_NOTHING = `${TIDEMARK}, from nothing`;
const BESIDE = `${TIDEMARK}, beside the one that serves`;
const LONG_MS = 600_000;
/** Memory is looked at after this share of the events, too. */
const SHARE = 4;

export async function rebuild(size: RebuildSize): Promise<Answer> {
  const few = await over(1_000, size.rebuildEvents, size.rounds);
  const many = await over(100_000, size.scatteredEvents, size.rounds);
  const comparisons = [few.rate, few.flip, few.memory, few.growth, many.rate, many.flip];
  return {
    rows: comparisons.flatMap((comparison) => comparison.rows()),
    targets: [
      few.rate.atLeast(200_000, FROM_NOTHING, "events a second"),
      few.rate.atLeastTimes(1.5, FROM_NOTHING, SQLITE),
      few.rate.atLeast(200_000, BESIDE, "events a second"),
      few.rate.atLeastTimes(1.5, BESIDE, SQLITE),
      few.flip.atMost(10, TIDEMARK, "ms"),
      few.growth.atMost(1.2, TIDEMARK, "×"),
    ],
  };
}

function over(accounts: number, events: number, rounds: number) {
  const question = `rebuild of a counting view, ${events} events, ${accounts} accounts`;
  const rate = new Comparison(question);
  const flip = new Comparison(`${question}, ms in which the view stood still`);
  const memory = new Comparison(`${question}, highest MiB`);
  const growth = new Comparison(`${question}, highest memory ÷ that with a quarter of the events`);
  return inDirectory(async (directory) => {
    const ids = accountIds(accounts);
    const quarterMiB = await fill(directory, ids, events);
    const wholeMiB = highestMiB(directory);
    memory.add(TIDEMARK, { value: wholeMiB });
    growth.add(TIDEMARK, { value: wholeMiB / quarterMiB });
    const view = new SqliteView(directory);
    for (let round = 0; round < rounds; round++) {
      rate.add(SQLITE, await rateOf(events, () => view.rebuild()));
      rmSync(join(directory, "views"), { recursive: true, force: true });
      const opening = openAccounts(directory, { projections: [Counting] });
      rate.add(FROM_NOTHING, await rateOf(events, async () => caughtUp(await opening)));
      const runtime = await opening;
      rate.add(BESIDE, await rateOf(events, () => rebuilt(runtime)));
      flip.add(TIDEMARK, { value: rebuildOf(runtime)?.flipMs ?? Number.NaN });
      await checkCounts(runtime, ids, events);
      await runtime.close();
    }
    view.close();
    return { rate, flip, memory, growth };
  });
}

/** Fills both stores; the highest memory of a rebuild when a quarter was there. */
async function fill(directory: string, ids: readonly string[], events: number): Promise<number> {
  const sqlite = new SqliteStore(directory, { cached: true });
  sqlite.fill(ids, events);
  sqlite.close();
  const quarter = events / SHARE;
  await fillTidemark(directory, ids, quarter);
  const quarterMiB = highestMiB(directory);
  await fillTidemark(directory, ids, events - quarter);
  return quarterMiB;
}

async function fillTidemark(
  directory: string,
  ids: readonly string[],
  count: number,
): Promise<void> {
  const runtime = await openAccounts(directory, { activationsMax: ids.length * 2 });
  await deposits(runtime, ids, count, 1_000);
  await runtime.close();
}

/** Of a rebuild from nothing, in a process of its own. */
function highestMiB(directory: string): number {
  rmSync(join(directory, "views"), { recursive: true, force: true });
  const child = fileURLToPath(new URL("rebuild-child.js", import.meta.url));
  return Number(execFileSync(process.execPath, [child, directory], { encoding: "utf8" }));
}

function caughtUp(runtime: Runtime): Promise<void> {
  return runtime.operations.refresh(Counting, { timeoutMs: LONG_MS });
}

async function checkCounts(runtime: Runtime, ids: readonly string[], events: number) {
  for (const id of ids.slice(0, 10)) {
    const { count = 0 } = (await runtime.view(Counting).get(id)) ?? {};
    if (Math.abs(count - events / ids.length) > 1)
      throw new Error(`${id} was counted ${count} times`);
  }
}

/** Builds it anew, up to where readers see the new one. */
async function rebuilt(runtime: Runtime): Promise<void> {
  await runtime.operations.rebuild(Counting);
  while (rebuildOf(runtime)?.phase !== "done") {
    if (rebuildOf(runtime)?.phase === "failed") throw new Error(rebuildOf(runtime)?.error);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function rebuildOf(runtime: Runtime) {
  return runtime.status().projections[Counting.name]?.rebuild;
}
