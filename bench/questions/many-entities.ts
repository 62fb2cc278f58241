/** Does memory stay flat when many entities pass through a small pool? */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Comparison, type Answer } from "../measure.js";
import { TIDEMARK } from "../stores/tidemark-store.js";

export interface ManyEntitiesSize {
  readonly entities: number;
}

/** Memory of the process as the system sees it, of pages that aren't the files': those the system takes back when it wants. */
export interface MemoryReport {
  /** After the first tenth, and after each further one. */
  readonly anonymousMiB: readonly number[];
  readonly perSecond: number;
}

const POOL = 10_000;

/** One round, in a process of its own, so that nothing else is in its memory. */
export function manyEntities(size: ManyEntitiesSize): Answer {
  const question = `${size.entities} entities in random order, pool of ${POOL}`;
  const child = fileURLToPath(new URL("many-entities-child.js", import.meta.url));
  const args = [child, String(size.entities), String(POOL)];
  const report = JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8" }),
  ) as MemoryReport;
  const [first = Number.NaN, ...later] = report.anonymousMiB;
  const rate = new Comparison(`${question}, commands`);
  rate.add(TIDEMARK, { value: report.perSecond });
  const growth = new Comparison(`${question}, highest memory ÷ memory after the first tenth`);
  growth.add(TIDEMARK, { value: Math.max(...later) / first });
  const memory = new Comparison(`${question}, MiB after the first tenth`);
  memory.add(TIDEMARK, { value: first });
  const points = report.anonymousMiB.map(
    (mib, tenth) => [((tenth + 1) * size.entities) / 10, mib] as const,
  );
  return {
    rows: [rate, memory, growth].flatMap((comparison) => comparison.rows()),
    targets: [growth.atMost(1.1, TIDEMARK, "×")],
    curves: [
      {
        plot: "memory while entities pass through the pool",
        name: TIDEMARK,
        xLabel: "entities touched",
        yLabel: "MiB (anonymous)",
        points,
      },
    ],
  };
}
