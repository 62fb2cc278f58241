import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";

const COMMANDS = 20_000;

/** Starts the service under a limit of the shell. */
async function serviceWith(
  limit: string,
  nodeOptions: readonly string[],
  env: Record<string, string> = {},
  busy = 0,
) {
  const script = `${limit}; exec "$0" "$@"`;
  const node = [process.execPath, ...nodeOptions, "dist/test/crash/scarcity-child.js"];
  const args = ["-c", script, ...node, temporaryDirectory(), String(COMMANDS), String(busy)];
  const { stdout } = await promisify(execFile)("sh", args, { env: { ...process.env, ...env } });
  return JSON.parse(stdout) as { acknowledged: number; sum: number };
}

describe("a service that has too little of something", () => {
  it.each([
    // Node opens the modules of the package many at a time: with 128 they are already too many.
    ["256 open files", "ulimit -n 256", []],
    ["a heap of 64 MB", "true", ["--max-old-space-size=64"]],
  ] as const)("works with %s", async (_what, limit, nodeOptions) => {
    expect(await serviceWith(limit, nodeOptions)).toEqual({
      acknowledged: COMMANDS,
      sum: COMMANDS,
    });
  });

  it("goes on, only slower, with one thread in its pool that four others keep busy", async () => {
    const result = await serviceWith("true", [], { UV_THREADPOOL_SIZE: "1" }, 4);
    expect(result).toEqual({ acknowledged: COMMANDS, sum: COMMANDS });
  });
});
