import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { outcomeOf, startExample } from "../support/programs.js";

const FACTS = 20_000;
const start = (directory: string, args: readonly string[] = ["--size", String(FACTS)]) =>
  startExample("travel", ["--directory", directory, ...args]);

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
    const whole = await start(straight).ended;
    expect(whole.code, whole.output).toBe(0);
    const logBytes = statSync(join(straight, "log", "data.mdb")).size;

    const interrupted = temporaryDirectory();
    for (const share of [0.2, 0.45, 0.6]) {
      const program = start(interrupted);
      await logGrowsTo(interrupted, logBytes * share);
      program.kill("SIGKILL");
      expect(await program.ended).toMatchObject({ signal: "SIGKILL" });
    }
    const program = start(interrupted);
    await logGrowsTo(interrupted, logBytes * 0.75);
    program.kill("SIGINT");
    expect((await program.ended).output).toMatch(/Interrupted at line \d+/);

    const last = await start(interrupted).ended;
    expect(last.code, last.output).toBe(0);
    expect(outcomeOf(last.output)).toEqual(outcomeOf(whole.output));
    const { "facts of the input, each once in the journal": facts } = outcomeOf(last.output);
    expect(Number(facts)).toBeGreaterThan(0.98 * FACTS);
    expect(last.output).toMatch(/Went on after line \d+/);
    expect(tablesOf(last.output)).toBe(tablesOf(whole.output));
    expect(tablesOf(last.output)).toContain("all open");
    const rejects = (directory: string) => readFileSync(join(directory, "rejects.ndjson"), "utf8");
    expect(rejects(interrupted)).toBe(rejects(straight));
    expect(rejects(straight).split("\n").length).toBeGreaterThan(50);

    const again = await start(interrupted).ended;
    expect(again.output).toMatch(/Went on after line \d+/);
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
    expect(code, output).toBe(0);
    const { "facts of the input, each once in the journal": facts } = outcomeOf(output);
    expect(facts).toBe("2");
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
