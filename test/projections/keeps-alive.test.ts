import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";

it("a script that awaits a view, a retry or a rebuild isn't ended by Node before they are there", () => {
  const args = ["dist/test/projections/waiting-child.js", temporaryDirectory()];
  const said = execFileSync(process.execPath, args, { encoding: "utf8" });
  expect(JSON.parse(said)).toEqual({ row: { count: 5 }, phase: "done" });
});
