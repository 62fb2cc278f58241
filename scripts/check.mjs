// Every static check, two at a time, a line each; what failed is printed in full.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

const FOLDERS = [
  "src",
  "journal",
  "actors",
  "sagas",
  "bench",
  "examples",
  "templates",
  "test",
].filter((folder) => existsSync(folder));

const STEPS = [
  ["types", "tsc", ["-p", "tsconfig.json"]],
  ["lint", "eslint", ["--max-warnings", "0", "."]],
  [
    "import directions",
    "depcruise",
    ["--config", ".dependency-cruiser.cjs", "--output-type", "err", ...FOLDERS],
  ],
  ["format", "prettier", ["--check", "--log-level", "warn", "."]],
  ["dead code", "knip", ["--no-progress"]],
  ["reference", "scripts/reference.mjs", ["--check"]],
  ["api report", "scripts/api-report.mjs", ["--check"]],
];

const PARALLEL = 2;

function run([name, command, args]) {
  const started = performance.now();
  return new Promise((resolve) => {
    const [program, first] = command.endsWith(".mjs")
      ? [process.execPath, [command]]
      : [join("node_modules", ".bin", command), []];
    const child = spawn(program, [...first, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve(report(name, false, String(error), started)));
    child.on("close", (code) => resolve(report(name, code === 0, output, started)));
  });
}

function report(name, passed, output, started) {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  console.log(`${passed ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (!passed) console.log(output);
  return passed;
}

const queue = [...STEPS];
const results = [];
async function worker() {
  for (let step = queue.shift(); step !== undefined; step = queue.shift())
    results.push(await run(step));
}
await Promise.all(Array.from({ length: PARALLEL }, worker));
const failed = results.filter((passed) => !passed).length;
console.log(`check: ${results.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
