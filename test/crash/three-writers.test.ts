import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { readAll } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { openAt } from "./crash-journal.js";

const WRITERS = ["a", "b", "c"];
const APPENDS = Number(process.env["WRITER_APPENDS"] ?? 150);

describe("three processes that write past the owner lock", () => {
  it("are fenced by the log: one wins each position, and nothing acknowledged is lost, doubled or out of order", async () => {
    const directory = temporaryDirectory();
    await (await openAt(directory)).close();
    const run = promisify(execFile);
    const outputs = await Promise.all(
      WRITERS.map((writer) =>
        run(process.execPath, [
          "dist/test/crash/three-writers-child.js",
          directory,
          writer,
          String(APPENDS),
        ]),
      ),
    );
    const lines = outputs
      .flatMap(({ stdout }) => stdout.trim().split("\n"))
      .map((line) => JSON.parse(line) as [string, ...unknown[]]);
    const fenced = lines.filter(([word]) => word === "fenced");
    const acknowledged = lines.filter(([word]) => word !== "fenced");
    expect(acknowledged).toHaveLength(WRITERS.length * APPENDS);
    const journal = await openAt(directory);
    const events = [...readAll(journal)];
    expect(events.map(({ position }) => position)).toEqual(events.map((_, at) => at + 1));
    expect(events.map(({ version }) => version)).toEqual(events.map((_, at) => at + 1));
    const recorded = events.map((event) => {
      const { writer, n } = event.data as { writer: string; n: number };
      return JSON.stringify([writer, n, event.position, event.version]);
    });
    expect(new Set(recorded).size).toBe(recorded.length);
    const found = new Set(recorded);
    expect(acknowledged.filter((line) => !found.has(JSON.stringify(line)))).toEqual([]);
    // A fenced append wrote nothing: nothing is recorded that wasn't acknowledged.
    expect(events).toHaveLength(acknowledged.length);
    console.log(
      `three writers: ${events.length} events, fenced ${fenced.map(([, , n]) => Number(n)).join(", ")} times`,
    );
    await journal.close();
  });
});
