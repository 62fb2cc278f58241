import { spawn } from "node:child_process";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const LINES = 20_000;

describe("telling a parent process", () => {
  it("loses nothing and fails nowhere where the parent reads later than the pipe is full", async () => {
    const tell = pathToFileURL("dist/src/maintenance/tell.js").href;
    const program = `
      const { tell } = await import(${JSON.stringify(tell)});
      process.stderr.write("ready");
      for (let n = 0; n < ${LINES}; n++) tell([n, "${"x".repeat(100)}"]);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const errors: string[] = [];
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk.toString()));
    const code = new Promise<number | null>((resolve) => child.on("close", resolve));
    await new Promise((resolve) => child.stderr.once("data", resolve));
    // Two megabytes don't fit: from now on it writes against a wall.
    for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    let told = "";
    child.stdout.on("data", (chunk: Buffer) => (told += chunk.toString()));
    expect(await code, errors.join("")).toBe(0);
    const lines = told.trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as [number])[0])).toEqual(
      Array.from({ length: LINES }, (_, n) => n),
    );
  });
});
