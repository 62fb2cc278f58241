import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";

const LINES = "20000";

function start(
  directory: string,
  args: readonly string[],
): { child: ChildProcess; ended: Promise<{ output: string; code: number | null }> } {
  const child = spawn(
    process.execPath,
    ["dist/examples/travel/main.js", "--directory", directory, ...args],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ output: string; code: number | null }>((resolve) =>
    child.on("close", (code) => resolve({ output, code })),
  );
  return { child, ended };
}

/** The tables, without the figures of the run. */
function tablesOf(output: string): string {
  return output.slice(output.indexOf("Open cases"), output.indexOf("This run"));
}

async function logGrowsTo(directory: string, bytes: number): Promise<void> {
  const size = () =>
    statSync(join(directory, "log", "data.mdb"), { throwIfNoEntry: false })?.size ?? 0;
  while (size() < bytes) await new Promise((resolve) => setImmediate(resolve));
}

describe("the travel demo", () => {
  it("ends with the same tables when it is killed three times and interrupted once on the way", async () => {
    const straight = temporaryDirectory();
    const whole = await start(straight, ["--lines", LINES]).ended;
    expect(whole.code).toBe(0);
    const logBytes = statSync(join(straight, "log", "data.mdb")).size;

    const interrupted = temporaryDirectory();
    for (const share of [0.2, 0.45, 0.6]) {
      const { child, ended } = start(interrupted, ["--lines", LINES]);
      await logGrowsTo(interrupted, logBytes * share);
      child.kill("SIGKILL");
      await ended;
    }
    const { child, ended } = start(interrupted, ["--lines", LINES]);
    await logGrowsTo(interrupted, logBytes * 0.75);
    child.kill("SIGINT");
    expect((await ended).output).toMatch(/Interrupted at line \d+/);

    const last = await start(interrupted, ["--lines", LINES]).ended;
    expect(last.code).toBe(0);
    expect(last.output).toMatch(/Went on after line \d+/);
    expect(tablesOf(last.output)).toBe(tablesOf(whole.output));
    expect(tablesOf(last.output)).toContain("all open");
    const rejects = (directory: string) => readFileSync(join(directory, "rejects.ndjson"), "utf8");
    expect(rejects(interrupted)).toBe(rejects(straight));
    expect(rejects(straight).split("\n").length).toBeGreaterThan(50);

    const again = await start(interrupted, ["--lines", LINES]).ended;
    expect(tablesOf(again.output)).toBe(tablesOf(whole.output));
  });

  it("reports a bad line with its number, keeps it in the rejects file, and goes on", async () => {
    const directory = temporaryDirectory();
    const fact = {
      at: "2018-01-01T00:00:00Z",
      entity: "declaration",
      id: "d1",
      activity: "Payment Handled",
      resource: "x",
      role: "y",
      amount: 5,
    };
    const lines = [
      JSON.stringify(fact),
      "{ not json",
      JSON.stringify({ ...fact, entity: "car" }),
      JSON.stringify({ ...fact, at: "someday" }),
      "",
      JSON.stringify({ ...fact, id: "d2" }),
    ];
    const path = join(temporaryDirectory(), "facts.ndjson");
    writeFileSync(path, lines.join("\n"));
    const { output, code } = await start(directory, [path]).ended;
    expect(code).toBe(0);
    expect(output).toContain("journal                2 events");
    const rejects = readFileSync(join(directory, "rejects.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { line: number; problem: string });
    expect(rejects.map(({ line, problem }) => [line, problem])).toEqual([
      [2, "not JSON"],
      [3, "entity is none of the three"],
      [4, "at is not a time"],
      [5, "not JSON"],
    ]);
    expect(output).toContain("line 2: not JSON");
  });
});
