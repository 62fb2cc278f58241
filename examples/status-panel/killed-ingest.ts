/** The first part of the story: a process rings up the sales, is killed in the middle, and is started again. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { IngestReport } from "./ingest-process.js";
import type { Sales } from "./traffic.js";

const COUNT = new Intl.NumberFormat("en");

export async function ingestWithKill(directory: string, sales: Sales): Promise<void> {
  const killed = await ingest(directory, sales, Math.floor(sales.count / 2));
  assert.equal(killed.signal, "SIGKILL");
  const { last } = killed;
  assert.equal(last.what, "dies");
  console.log(`Killed with ${COUNT.format(last.head)} sales in the log; ${positionsText(last)}.`);

  const again = await ingest(directory, sales);
  assert.equal(again.signal, 0);
  const { first } = again;
  for (const [name, position] of Object.entries(last.positions)) {
    const found = first.positions[name] ?? 0;
    assert(found >= position && position > 0, `${name} went on from ${found}, not ${position}`);
    assert(found <= first.head);
  }
  console.log(
    `Started again with ${COUNT.format(first.head)}; went on from ${positionsText(first)}.`,
  );
  const seconds = last.seconds + again.last.seconds;
  const rate = Math.round(again.last.head / seconds);
  console.log(
    `${COUNT.format(again.last.head)} sales rung up in ${seconds.toFixed(1)} s, ${COUNT.format(rate)} a second, each on disk, with the projections beside it.\n`,
  );
}

function positionsText({ positions }: IngestReport): string {
  return Object.entries(positions)
    .map(([name, position]) => `${name} ${COUNT.format(position)}`)
    .join(", ");
}

interface Ingested {
  readonly first: IngestReport;
  readonly last: IngestReport;
  /** How it ended. */
  readonly signal: number | NodeJS.Signals | null;
}

async function ingest(directory: string, sales: Sales, dieAt?: number): Promise<Ingested> {
  const path = fileURLToPath(new URL("./ingest-process.js", import.meta.url));
  const args = [directory, sales.count, sales.tills, ...(dieAt === undefined ? [] : [dieAt])];
  const child = spawn(process.execPath, [path, ...args.map(String)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const signal = await new Promise<Ingested["signal"]>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve(killedBy ?? code));
  });
  const reports = output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as IngestReport);
  const [first] = reports;
  const last = reports.at(-1);
  assert(first && last, "the process of the service told nothing");
  return { first, last, signal };
}
