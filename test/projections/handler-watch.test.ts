import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../support/directories.js";

it("a handler that never returns is named on standard error, with its projection and event, while it blocks the process", async () => {
  const args = ["dist/test/projections/hanging-child.js", temporaryDirectory()];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8");
  for await (const text of child.stderr) {
    said += String(text);
    if (said.includes("\n")) break;
  }
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(said).toMatch(
    /^tidemark: projection hanging@1 hangs: its handler has been at the event at position 3 for \d+ s/,
  );
});
