/**
 * Car sales: a view that forgot an event is built anew while commands keep arriving.
 *
 * `node dist/examples/car-sales/main.js` · `--cars N` · `--ci` · `--directory DIR` · `--deploy 1` or `2`: only that
 * deployment; one that was killed goes on when it is started again.
 */
import { parseArgs } from "node:util";
import { inDirectory } from "../support/directory.js";
import { firstDeployment, secondDeployment } from "./deployments.js";
import type { Size } from "./traffic.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    cars: { type: "string" },
    deploy: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const cars = Number(values.cars ?? (values.ci ? 2_000 : 8_000));
const size: Size = {
  cars,
  customers: Math.ceil(cars / 4),
  changes: cars * 5,
  laterChanges: values.ci ? 600 : 3_000,
};

await inDirectory("car-sales", values.directory, async (directory) => {
  if (values.deploy !== "2") await firstDeployment(directory, size);
  if (values.deploy !== "1") await secondDeployment(directory, size);
});
