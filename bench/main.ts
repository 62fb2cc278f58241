/**
 * All questions, one table, and the same as JSON: `npm run bench`. `-- --full` for the real sizes, `-- --only hydration` for some
 * questions, `-- --check` to fail where a target is missed, `-- --peers` to race other libraries, `-- --plots` to write
 * docs/performance.md and its plots.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Answer } from "./measure.js";
import { verdictOf } from "./measure.js";
import { peers } from "./questions/peers.js";
import { installContenders } from "./stores/install-contenders.js";
import { catchUp } from "./questions/catch-up.js";
import { coldCommands } from "./questions/cold-commands.js";
import { diskBytes } from "./questions/disk-bytes.js";
import { durableCommands } from "./questions/durable-commands.js";
import { growth } from "./questions/growth.js";
import { hydration } from "./questions/hydration.js";
import { idleHeap } from "./questions/idle-heap.js";
import { inline } from "./questions/inline.js";
import { manyEntities } from "./questions/many-entities.js";
import { rebuild } from "./questions/rebuild.js";
import { rebuildBesideCommands } from "./questions/rebuild-beside-commands.js";
import { rareType } from "./questions/rare-type.js";
import { relay } from "./questions/relay.js";
import { remoteAsk } from "./questions/remote-ask.js";
import { rules } from "./questions/rules.js";
import { sagaSteps } from "./questions/saga-steps.js";
import { sagaTimers } from "./questions/saga-timers.js";
import { telemetry } from "./questions/telemetry.js";
import { undurableCommands } from "./questions/undurable-commands.js";
import { viewQueries } from "./questions/view-queries.js";
import { tableOf, targetsOf } from "./report/table.js";
import { writePerformancePage } from "./report/page.js";
import { FULL, SMALL } from "./sizes.js";

const { values: given } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    peers: { type: "boolean", default: false },
    plots: { type: "boolean", default: false },
    only: { type: "string", multiple: true, default: [] },
    json: { type: "string", default: join("bench", "results") },
  },
});
const size = given.full ? FULL : SMALL;

const questions: Readonly<Record<string, () => Promise<Answer> | Answer>> = {
  "durable-commands": () => durableCommands(size),
  "cold-commands": () => coldCommands(size),
  hydration: () => hydration(size),
  "catch-up": () => catchUp(size),
  rebuild: () => rebuild(size),
  "rebuild-beside-commands": () => rebuildBesideCommands(size),
  "view-queries": () => viewQueries(size),
  inline: () => inline(size),
  telemetry: () => telemetry(size),
  "rare-type": () => rareType(size),
  "saga-steps": () => sagaSteps(size),
  "saga-timers": () => sagaTimers(size),
  rules: () => rules(size),
  "remote-ask": () => remoteAsk(size),
  relay: () => relay(size),
  "undurable-commands": () => undurableCommands(size),
  "idle-heap": () => idleHeap(size),
  "many-entities": () => manyEntities(size),
  growth: () => growth(size),
  "disk-bytes": () => diskBytes(size),
  ...(given.peers ? { peers: () => peers(size) } : {}),
};

for (const name of given.only) {
  if (questions[name] !== undefined) continue;
  console.error(`no question is called ${name}; there are ${Object.keys(questions).join(", ")}`);
  process.exit(2);
}

installContenders(given.peers);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`;
console.log(
  `${machine}\nmedians of ${size.rounds} rounds, each contender once a round; durable means acknowledged after fsync\n`,
);
const answers: Answer[] = [];
for (const [name, ask] of Object.entries(questions)) {
  if (given.only.length > 0 && !given.only.includes(name)) continue;
  const startedAt = performance.now();
  answers.push(await ask());
  console.error(`${name} (${((performance.now() - startedAt) / 1_000).toFixed(0)} s)`);
}
const result = {
  machine,
  size,
  rows: answers.flatMap(({ rows }) => rows),
  targets: answers.flatMap(({ targets }) => targets),
  curves: answers.flatMap(({ curves = [] }) => curves),
};
console.log(tableOf(result.rows));
console.log(targetsOf(result.targets));

mkdirSync(given.json, { recursive: true });
const path = join(given.json, `${given.full ? "full" : "small"}.json`);
writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
console.log(`as JSON: ${path}`);
if (given.plots) {
  const flags = process.argv.slice(2).join(" ");
  const page = await writePerformancePage(result, "docs", `npm run bench -- ${flags}`);
  console.log(`as a page: ${page}`);
}
if (given.check && result.targets.some((target) => verdictOf(target) === "missed")) {
  console.log("targets are missed in every round");
  process.exitCode = 1;
}
