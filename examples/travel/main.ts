/**
 * The travel demo: two years of a university's travel claims, every fact a command to the actor of its case.
 *
 * `npm run demo` · `npm run demo -- PATH` · `-- --directory DIR` · `-- --fresh` · `-- --lines N` (generated) · `-- --ci`
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { openRuntime, type Runtime } from "tidemark";
import { Declaration, PaymentRequest, Permit } from "./cases.js";
import { fileSource, type LineSource } from "./facts.js";
import { generatedSource } from "./generator.js";
import { takeIn } from "./intake.js";
import { openCases, type CaseRow } from "./open-cases.js";
import { figuresText, openCasesTable, totalsTable } from "./report.js";

const REAL_DATA = "../shared/data/travel-2018.ndjson.gz";
const GENERATED_LINES = 100_000;
const REPORTED_MAX = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    directory: { type: "string" },
    lines: { type: "string" },
    fresh: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const directory = values.ci
    ? mkdtempSync(join(tmpdir(), "tidemark-travel-"))
    : (values.directory ?? join("data", "travel"));
  try {
    if (values.fresh) rmSync(directory, { recursive: true, force: true });
    await run(directory, sourceOf());
  } finally {
    if (values.ci) rmSync(directory, { recursive: true, force: true });
  }
}

function sourceOf(): LineSource {
  const [path] = positionals;
  if (path !== undefined) return fileSource(path);
  if (values.lines !== undefined || values.ci)
    return generatedSource(Number(values.lines ?? 5_000));
  return existsSync(REAL_DATA) ? fileSource(REAL_DATA) : generatedSource(GENERATED_LINES);
}

async function run(directory: string, source: LineSource): Promise<void> {
  const runtime = await openRuntime({
    directory,
    aggregates: [Permit, Declaration, PaymentRequest],
    projections: [openCases],
  });
  console.log(
    `Travel claims from ${source.name}\ninto ${directory}, which holds ${runtime.head} events.\n`,
  );
  const interruption = { requested: false };
  const interrupt = () => void (interruption.requested = true);
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);

  const bar = progressBar(source);
  try {
    const rejectsPath = join(directory, "rejects.ndjson");
    const result = await takeIn({
      runtime,
      source,
      rejectsPath,
      onProgress: bar.update,
      onReject: bar.report,
      isInterrupted: () => interruption.requested,
    });
    bar.stop();
    if (interruption.requested) {
      console.log(
        `\nInterrupted at line ${result.lines}. Type the same again: it goes on from here.`,
      );
      process.exitCode = 130;
      return;
    }
    const rows = await allCases(runtime);
    if (result.resumedAfterLine > 0)
      console.log(`Went on after line ${result.resumedAfterLine}.\n`);
    console.log(`Open cases\n${openCasesTable(rows)}\n\nAll cases\n${totalsTable(rows)}\n`);
    console.log(`This run\n${figuresText(result, runtime.status())}`);
    console.log(`${await rebuiltText(runtime, openCasesTable(rows))}\n`);
    console.log(NEXT_STEPS);
  } finally {
    bar.stop();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await runtime.close();
  }
}

async function allCases(runtime: Runtime): Promise<CaseRow[]> {
  const rows: CaseRow[] = [];
  const all = runtime.view(openCases).all({ fresh: true, timeoutMs: 60_000 });
  for await (const { document } of all) rows.push(document);
  return rows;
}

/** Builds the view anew beside the one that serves, and holds its table to the one before. */
async function rebuiltText(runtime: Runtime, tableBefore: string): Promise<string> {
  const startedAt = performance.now();
  await runtime.operations.rebuild(openCases, { reason: "the demo shows it" });
  const rebuild = await runtime.operations.rebuilt(openCases);
  if (rebuild?.phase !== "done") throw new Error(`the rebuild failed: ${rebuild?.error}`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const same = openCasesTable(await allCases(runtime)) === tableBefore;
  if (!same) throw new Error("the table of the rebuilt view differs from the one before");
  const { diff, flipMs = 0 } = rebuild;
  return (
    `  ${"view rebuilt".padEnd(22)} in ${seconds.toFixed(2)} s beside the one that served, ` +
    `${diff?.unchanged ?? 0} documents equal, the same table; flipped in ${flipMs.toFixed(1)} ms`
  );
}

/** A bar on a terminal; elsewhere a line every now and then. */
function progressBar(source: LineSource): {
  update: (lines: number) => void;
  report: (line: number, problem: string) => void;
  stop: () => void;
} {
  const bar = new SingleBar({
    format: "{bar} {percentage}% | {lines} lines | {rate} lines/s | {left} s left",
    barsize: 30,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 2_000,
  });
  const startedAt = performance.now();
  bar.start(1_000, 0, { lines: 0, rate: 0, left: "?" });
  let next = 0;
  let reported = 0;
  return {
    update(lines) {
      // The bar redraws ten times a second; asking it for each line would cost more than handling the line.
      if (lines < next) return;
      next = lines + 500;
      const seconds = (performance.now() - startedAt) / 1_000;
      const done = source.progress();
      const left = done > 0 ? Math.ceil((seconds / done) * (1 - done)) : "?";
      bar.update(Math.min(1_000, Math.round(done * 1_000)), {
        lines,
        rate: Math.round(lines / Math.max(seconds, 0.001)),
        left,
      });
    },
    report(line, problem) {
      reported += 1;
      if (reported <= REPORTED_MAX) console.error(`line ${line}: ${problem}`);
      if (reported === REPORTED_MAX)
        console.error("further bad lines are only kept in the rejects file");
    },
    stop() {
      if (bar.isActive) bar.stop();
    },
  };
}

const NEXT_STEPS = `What to type next
  npm run demo                  again: every line is known, nothing is handled twice, the same table
  npm run demo -- --fresh       from the beginning; press Ctrl-C or kill -9 it on the way, and start it again
  npm test                      what is promised, and the tests that hold it to that
  npm run bench                 how fast it is here, beside LMDB itself`;

await main();
