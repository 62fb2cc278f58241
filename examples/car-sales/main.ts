/**
 * S1 car sales: a view that forgot an event is built anew while commands keep arriving.
 *
 * `node dist/examples/car-sales/main.js` · `--size N` cars · `--full` · `--ci` · `--directory DIR` · `--deploy 1` or `2`: only that
 * deployment; one that was killed goes on when it is started again.
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { inTemporaryDirectory } from "tidemark/testing";
import { firstDeployment, secondDeployment } from "./deployments.js";
import type { Size } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
    deploy: { type: "string" },
  },
});

const cars = Number(flags.size ?? (flags.full ? 50_000 : flags.ci ? 2_000 : 8_000));
const size: Size = {
  cars,
  customers: Math.ceil(cars / 4),
  changes: cars * 5,
  laterChanges: flags.ci ? 600 : 3_000,
};

async function main(directory: string): Promise<void> {
  const outcome = {
    ...(flags.deploy === "2" ? {} : await firstDeployment(directory, size)),
    ...(flags.deploy === "1" ? {} : await secondDeployment(directory, size)),
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
