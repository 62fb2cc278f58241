/** All questions, one table, and the same as JSON: `npm run bench`, `npm run bench -- --full`. */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { durableCommands } from "./durable-commands.bench.js";
import { idleHeap } from "./idle-heap.bench.js";
import type { Row } from "./measure.js";
import { reading } from "./reading.bench.js";
import { undurableCommands } from "./undurable-commands.bench.js";

const { values } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    json: { type: "string", default: join("bench", "results") },
  },
});
const size = values.full
  ? {
      rounds: 5,
      commands: 500_000,
      commandsAlone: 10_000,
      aggregates: 1_000,
      refusals: 2_000_000,
      events: 500_000,
      activations: 50_000,
    }
  : {
      rounds: 3,
      commands: 100_000,
      commandsAlone: 2_000,
      aggregates: 1_000,
      refusals: 500_000,
      events: 100_000,
      activations: 20_000,
    };

const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`;
console.log(
  `${machine}\nmedians of ${size.rounds} rounds, each contender once a round; durable means acknowledged after fsync\n`,
);

const heap = await idleHeap(size.activations);
const rows: Row[] = [
  ...(await durableCommands(size)),
  ...(await undurableCommands(size)),
  ...(await reading(size)),
];

const table = new Table({
  head: ["question", "", "per second", "range", "p50 ms", "p99 ms", "× baseline"],
  colAligns: ["left", "left", "right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [at, row] of rows.entries()) {
  const question = rows[at - 1]?.question === row.question ? "" : row.question;
  table.push([
    question,
    row.name,
    whole(row.perSecond),
    row.perSecondRange.map(whole).join("–"),
    fraction(row.p50Ms),
    fraction(row.p99Ms),
    fraction(row.ratio),
  ]);
}
console.log(table.toString());
if (heap === undefined)
  console.log("heap of idle activations: not measured, run with node --expose-gc");
else
  console.log(
    `heap of an idle activation: ${heap.bytesEach} bytes with its state and id, which alone take ${heap.stateBytesEach} (${heap.activations} activations)`,
  );

mkdirSync(values.json, { recursive: true });
const path = join(values.json, `${values.full ? "full" : "small"}.json`);
writeFileSync(path, `${JSON.stringify({ machine, size, rows, heap }, null, 2)}\n`);
console.log(`as JSON: ${path}`);

function whole(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function fraction(value: number): string {
  return Number.isNaN(value) ? "" : value.toFixed(2);
}
