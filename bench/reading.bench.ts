/** How fast is history read again: one entity after another, and the whole journal in order? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRuntime, type Runtime } from "tidemark";
import { Account, accountIds } from "./account.js";
import { closedLoop, median, type Row } from "./measure.js";

const EVENTS_EACH = 100;

export async function reading(size: { rounds: number; events: number }): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
  const ids = accountIds(size.events / EVENTS_EACH);
  try {
    let runtime = await openRuntime({ directory, aggregates: [Account] });
    await closedLoop(size.events, 256, (n) =>
      runtime.ask(Account, ids[n % ids.length] as string, { type: "Deposit", data: { amount: 1 } }),
    );
    await runtime.close();
    runtime = await openRuntime({ directory, aggregates: [Account] });
    const streams = await rounds(size, () => readStreams(runtime, ids));
    const all = await rounds(size, () => [...runtime.events()].length);
    await runtime.close();
    return [
      { question: `reading ${size.events} events`, name: `streams of ${EVENTS_EACH}`, ...streams },
      { question: `reading ${size.events} events`, name: "the whole journal", ...all },
    ];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function readStreams(runtime: Runtime, ids: readonly string[]): number {
  let count = 0;
  for (const id of ids)
    for (const event of runtime.history(Account, id)) count += event.version > 0 ? 1 : 0;
  return count;
}

async function rounds(
  size: { rounds: number; events: number },
  run: () => number,
): Promise<Omit<Row, "question" | "name">> {
  const rates: number[] = [];
  for (let round = 0; round < size.rounds; round++) {
    const startedAt = performance.now();
    const count = run();
    if (count !== size.events) throw new Error(`${size.events} events recorded, ${count} read`);
    rates.push((count / (performance.now() - startedAt)) * 1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    perSecond: median(rates),
    perSecondRange: [Math.min(...rates), Math.max(...rates)],
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    ratio: Number.NaN,
  };
}
