/**
 * S17 travel, the demo: two years of a university's travel claims, every fact a command to the actor of its case.
 *
 * `npm run demo` · `npm run demo -- PATH` of another file · `-- --fresh` · `-- --size N` facts (generated) · `-- --full` · `-- --ci`
 * · `-- --directory DIR`, else `data/travel`: one that was killed goes on there · `-- --explain ID` of a case with alerts
 */
import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { openRuntime, type RaisedAlert, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Calendar } from "./calendar.js";
import { Declaration, PaymentRequest, Permit } from "./case.js";
import { Chase } from "./chase-saga.js";
import { countInput, factsIn } from "./expected.js";
import { fileSource, type LineSource } from "./facts.js";
import { generatedSource } from "./generator.js";
import { takeIn } from "./intake.js";
import { openCases, type CaseRow } from "./open-cases-view.js";
import { Reminder } from "./reminder.js";
import { alertsTable, figuresText, openCasesTable, totalsTable } from "./report.js";
import { LATENESS_MS, TravelRules } from "./travel-rules.js";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
    fresh: { type: "boolean", default: false },
    explain: { type: "string" },
  },
});

const REAL_DATA = "../shared/data/travel-2018.ndjson.gz";
/** Where the real data isn't there, as many are generated. */
const REAL_LINES = 172_792;
const REPORTED_MAX = 5;

function sourceOf(): LineSource {
  const [path] = positionals;
  if (path !== undefined) return fileSource(path);
  if (flags.size !== undefined) return generatedSource(Number(flags.size));
  if (flags.ci) return generatedSource(5_000);
  if (existsSync(REAL_DATA)) return fileSource(REAL_DATA);
  return generatedSource(flags.full ? REAL_LINES : 100_000);
}

async function main(directory: string): Promise<void> {
  if (flags.fresh) rmSync(directory, { recursive: true, force: true });
  await run(directory, sourceOf());
}

async function run(directory: string, source: LineSource): Promise<void> {
  const runtime = await openRuntime({
    directory,
    aggregates: [Permit, Declaration, PaymentRequest, Calendar, Reminder],
    projections: [openCases],
    sagas: [Chase],
    ruleSets: [TravelRules],
  });
  if (flags.explain !== undefined) {
    explainCase(runtime, flags.explain);
    await runtime.close();
    return;
  }
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
    const figures: string[] = [];
    const alerts = await audit(runtime, result.lastAtMs, figures);
    console.log(`This run\n${figuresText(result, runtime.status())}`);
    const differing = await rebuild(runtime, openCasesTable(rows));
    console.log(figures.join("\n"));
    console.log(`\n${NEXT_STEPS}\n`);
    const input = await countInput(sourceOf());
    const open = rows.filter((row) => row.open);
    const outcome = {
      "facts of the input, each once in the journal": {
        stated: input.facts,
        found: factsIn(runtime),
      },
      "cases in the view": { stated: input.cases, found: rows.length },
      "open ones": { stated: input.open, found: open.length },
      "cents in them": {
        stated: input.cents,
        found: open.reduce((sum, { amount }) => sum + Math.round(amount * 100), 0),
      },
      "documents that differ when built anew": { stated: 0, found: differing },
      ...alertOutcome(input.alerts, alerts),
    };
    console.table(outcome);
    for (const [what, { stated, found }] of Object.entries(outcome))
      assert.equal(found, stated, `not as stated: ${what}`);
  } finally {
    bar.stop();
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    await runtime.close();
  }
}

/**
 * The days of the data are closed, so that what is missing is known to be missing; then what the rules found.
 *
 * @param figures - Gets what isn't the same in each run.
 */
async function audit(
  runtime: Runtime,
  lastAtMs: number,
  figures: string[],
): Promise<readonly RaisedAlert[]> {
  const startedAt = performance.now();
  const at = new Date(lastAtMs + LATENESS_MS).toISOString();
  if (lastAtMs > 0) await runtime.ask(Calendar, "travel", { type: "CloseDay", data: { at } });
  await runtime.rules.idle();
  await runtime.sagas.idle();
  const seconds = (performance.now() - startedAt) / 1_000;
  const alerts = [...runtime.rules.alerts(TravelRules)];
  console.log("Alerts by rule and month, by the time of the data");
  console.log(`${alertsTable(alerts)}\n`);
  const chases = new Map(runtime.sagas.counts(Chase).map((each) => [each.state, each.instances]));
  console.log(
    `Chased because they were approved and not paid within 30 days: ` +
      `${chases.get("paid") ?? 0} were paid since, ${chases.get("waiting") ?? 0} wait still.\n`,
  );
  figures.push(`  ${"alerts complete".padEnd(22)} ${seconds.toFixed(1)} s after the last fact`);
  const shown = alerts.findLast(({ type }) => type === "LateClaim") ?? alerts.at(-1);
  if (shown !== undefined)
    figures.push(`\nWhy?\n${String(runtime.rules.explain(TravelRules, shown))}`);
  return alerts;
}

function explainCase(runtime: Runtime, caseId: string): void {
  const alerts = [...runtime.rules.alerts(TravelRules, { sessionId: caseId })];
  if (alerts.length === 0) console.log(`No rule found anything about ${caseId}.`);
  for (const alert of alerts) console.log(`${String(runtime.rules.explain(TravelRules, alert))}\n`);
}

function alertOutcome(
  stated: Readonly<Record<string, number>>,
  alerts: readonly RaisedAlert[],
): Record<string, { stated: number; found: number }> {
  return Object.fromEntries(
    Object.entries(stated).map(([rule, count]) => [
      `alerts of rule ${rule}`,
      { stated: count, found: alerts.filter((alert) => alert.rule === rule).length },
    ]),
  );
}

async function allCases(runtime: Runtime): Promise<CaseRow[]> {
  const rows: CaseRow[] = [];
  const all = runtime.view(openCases).all({ fresh: true, timeoutMs: 60_000 });
  for await (const { document } of all) rows.push(document);
  return rows;
}

/** Builds the view anew beside the one that serves, and holds its table to the one before. @returns Documents that differ. */
async function rebuild(runtime: Runtime, tableBefore: string): Promise<number> {
  const startedAt = performance.now();
  await runtime.operations.rebuild(openCases, { reason: "the demo shows it" });
  const rebuilt = await runtime.operations.rebuilt(openCases);
  assert(rebuilt?.phase === "done" && rebuilt.diff, `the rebuild failed: ${rebuilt?.error}`);
  const seconds = (performance.now() - startedAt) / 1_000;
  assert.equal(openCasesTable(await allCases(runtime)), tableBefore, "the rebuilt view differs");
  const { diff, flipMs = 0 } = rebuilt;
  console.log(
    `  ${"view rebuilt".padEnd(22)} in ${seconds.toFixed(2)} s beside the one that served, ` +
      `${diff.unchanged} documents equal, the same table; flipped in ${flipMs.toFixed(1)} ms`,
  );
  return diff.added + diff.removed + diff.changed;
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
  npm run demo -- --explain ID  why rules raised alerts about a case
  npm run demo -- --fresh       from the beginning; press Ctrl-C or kill -9 it on the way, and start it again
  npm test                      what is promised, and the tests that hold it to that
  npm run bench                 how fast it is here, beside LMDB itself`;

const kept = flags.directory ?? (flags.ci ? undefined : join("data", "travel"));
await (kept === undefined ? inTemporaryDirectory(main) : main(kept));
