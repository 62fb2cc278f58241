/**
 * S11 status panel: a day of sales, a read side with a bug, and an operator: what the panel shows, and what each command does to it.
 *
 * `node dist/examples/status-panel/main.js` · `--size N` sales · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime, type GenerationStatus, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { checkViews } from "./expected.js";
import { ingestWithKill } from "./killed-ingest.js";
import { auditText, panelText } from "./panel.js";
import { projectionsOf, type Projections, type Release } from "./sales-views.js";
import { Till } from "./till.js";
import { ringUp, salesOf } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const size = Number(flags.size ?? (flags.full ? 2_000_000 : flags.ci ? 20_000 : 100_000));
const sales = salesOf(size, flags.ci ? 1_000 : 10_000);
const ADA = { by: "ada" };
const COUNT = new Intl.NumberFormat("en");
const TIMEOUT_MS = 600_000;
/** Sales that come while the operator works. */
const MORE = 500;

async function main(directory: string): Promise<void> {
  await ingestWithKill(directory, sales);
  await withRuntime(directory, "buggy", lookAndPause);
  const mended = await withRuntime(directory, "fixed", mend);
  const outcome = {
    "sales in the log, and in every view": { stated: size + 2 * MORE, found: mended.checked },
    "events parked by the bug, and replayed": { stated: mended.parked, found: mended.replayed },
    "events parked or lagging behind in the end": { stated: 0, found: mended.left },
    "documents that differ when built anew": { stated: 0, found: mended.differing },
    "commands of the operator in the audit stream": { stated: 7, found: mended.commands },
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

/** An operator's shift: a release that runs, and its panel. */
interface Shift {
  readonly runtime: Runtime;
  readonly projections: Projections;
  readonly show: (title: string) => void;
}

async function withRuntime<T>(
  directory: string,
  release: Release,
  work: (shift: Shift) => Promise<T>,
): Promise<T> {
  const projections = projectionsOf(release);
  const aggregates = [Till];
  const runtime = await openRuntime({
    directory,
    aggregates,
    projections: Object.values(projections),
  });
  const show = (title: string) => console.log(`${title}\n${panelText(runtime)}\n`);
  try {
    return await work({ runtime, projections, show });
  } finally {
    await runtime.close();
  }
}

/** The bug is seen; and a projection is paused while sales go on. */
async function lookAndPause({ runtime, projections, show }: Shift): Promise<void> {
  const { tills, euros } = projections;
  const { operations } = runtime;
  await until(() => {
    const { lagEvents, positionsPerSecond } = standing(runtime, "tills");
    return lagEvents === 0 || positionsPerSecond > 0;
  });
  show("1. Just opened: what the process that ended hadn't come to is caught up with");
  await Promise.all(
    [tills, euros].map((each) => operations.refresh(each, { timeoutMs: TIMEOUT_MS })),
  );
  await until(() => standing(runtime, "days").state === "stopped");
  assert.equal(runtime.health().state, "unhealthy");
  show("2. Caught up: euros has parked what it can't convert, days has stopped");
  const british = operations.parked(euros).filter(({ queued }) => !queued);
  assert(british.length > 1 && standing(runtime, "euros").parked > british.length);

  await operations.pause(tills, { ...ADA, reason: "the disk of the reports is replaced" });
  const held = runtime.view(tills).position();
  await ringUp(runtime, sales, sales.count, sales.count + MORE);
  assert.equal(runtime.view(tills).position(), held);
  assert(standing(runtime, "tills").lagEvents >= MORE);
  show(`3. tills is paused, and ${COUNT.format(MORE)} sales came meanwhile`);
  await operations.resume(tills, ADA);
  await operations.refresh(tills, { timeoutMs: TIMEOUT_MS });
  assert.equal(standing(runtime, "tills").lagEvents, 0);
}

/** The handler is fixed; what it missed is caught up with, the nonsense passed over, and a view built anew. */
async function mend({ runtime, projections, show }: Shift) {
  const { euros, days } = projections;
  const { operations } = runtime;
  const parked = standing(runtime, "euros").parked;
  assert(parked > 0, "what was parked is still parked after a restart");

  // #region mend
  const replay = await operations.replayParked(euros, { ...ADA, reason: "the pound has a rate" });
  const nonsense = replay.failed?.position ?? 0;
  // #endregion
  assert(replay.replayed > 0 && nonsense > 0);
  await until(() => standing(runtime, "days").state === "stopped");
  show(
    `4. The fixed release: ${COUNT.format(replay.replayed)} parked events replayed; one is nonsense`,
  );
  assert.equal(standing(runtime, "days").error?.position, nonsense);

  // #region mend
  const reason = "a sale in no currency; cancelled by hand";
  await operations.skip(days, nonsense, { ...ADA, reason });
  await operations.skip(euros, nonsense, { ...ADA, reason });
  const rest = await operations.replayParked(euros, ADA);
  // #endregion
  assert.equal(rest.failed, undefined);
  await operations.refresh(days, { timeoutMs: TIMEOUT_MS });
  assert.deepEqual(runtime.health(), { state: "healthy", problems: [] });
  show("5. It is skipped: days goes on, nothing is parked");

  await operations.rebuild(euros, { ...ADA, reason: "to be sure" });
  await ringUp(runtime, sales, sales.count + MORE, sales.count + 2 * MORE);
  const rebuild = () => runtime.status().projections["euros"]?.rebuild;
  await until(() => rebuild()?.phase === "done" || rebuild()?.phase === "failed");
  const diff = rebuild()?.diff;
  assert(diff, `euros is built anew: ${rebuild()?.error}`);
  await Promise.all(Object.values(projections).map((each) => operations.refresh(each)));
  // The flip is recorded behind it.
  await until(() => operations.audit(euros).at(-1)?.type === "GenerationServes");
  show("6. euros is built anew while sales come in: no difference");

  const checked = await checkViews(runtime, projections);
  assert.equal(runtime.health().state, "healthy");
  console.log(`What was done, as recorded\n${auditText(runtime)}\n`);
  console.log(`Every view equals a fold of the ${COUNT.format(checked)} sales of the log.`);
  const standings = Object.keys(projections).map((name) => standing(runtime, name));
  const records = Object.values(projections).flatMap((each) => operations.audit(each));
  return {
    checked,
    parked,
    replayed: replay.replayed + rest.replayed,
    left: standings.reduce((sum, each) => sum + each.parked + each.lagEvents, 0),
    differing: diff.added + diff.removed + diff.changed,
    commands: records.filter(({ data }) => data["by"] === ADA.by).length,
  };
}

function standing(runtime: Runtime, name: string): GenerationStatus {
  const serving = runtime.status().projections[name]?.generations[0];
  assert(serving, `there is no projection ${name}`);
  return serving;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
