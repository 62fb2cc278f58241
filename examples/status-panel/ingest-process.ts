/**
 * The service in a process of its own, so that it can be killed: rings up every sale. With a last argument it kills itself
 * when the log has come so far, and its projections are somewhere behind.
 *
 * `node dist/examples/status-panel/ingest-process.js DIRECTORY SALES TILLS [HEAD]`
 */
import { openRuntime, type Runtime } from "tidemark";
import { projectionsOf } from "./sales-views.js";
import { nextOf, ringUp, salesOf } from "./traffic.js";
import { Till } from "./till.js";

/** What it tells its parent, a line of JSON each. */
export interface IngestReport {
  readonly what: "opened" | "dies" | "done";
  readonly head: number;
  /** By projection. */
  readonly positions: Readonly<Record<string, number>>;
  readonly seconds: number;
}

const [directory = "", count = "0", tills = "0", dieAt = "Infinity"] = process.argv.slice(2);
const startedAt = performance.now();

function report(runtime: Runtime, what: IngestReport["what"]): void {
  const seconds = (performance.now() - startedAt) / 1_000;
  const positions = positionsOf(runtime);
  console.log(JSON.stringify({ what, head: runtime.head, positions, seconds }));
}

function positionsOf(runtime: Runtime): IngestReport["positions"] {
  const projections = Object.values(runtime.status().projections);
  return Object.fromEntries(
    projections.map(({ name, generations }) => [name, generations[0]?.position ?? 0]),
  );
}

function dieInTheMiddle(runtime: Runtime): void {
  const isAtWork = Object.values(positionsOf(runtime)).every((position) => position > 0);
  if (runtime.head < Number(dieAt) || !isAtWork) return;
  report(runtime, "dies");
  process.kill(process.pid, "SIGKILL");
}

const sales = salesOf(Number(count), Number(tills));
const runtime = await openRuntime({
  directory,
  aggregates: [Till],
  projections: Object.values(projectionsOf("buggy")),
});
report(runtime, "opened");
await ringUp(runtime, sales, nextOf(runtime, sales), sales.count, () => dieInTheMiddle(runtime));
while (dieAt !== "Infinity") {
  await new Promise((resolve) => setTimeout(resolve, 5));
  dieInTheMiddle(runtime);
}
report(runtime, "done");
await runtime.close();
