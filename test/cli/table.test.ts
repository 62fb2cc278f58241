import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Shell } from "../../src/cli/shell.js";
import { table, TableWriter } from "../../src/cli/table.js";

function shellOf(columns?: number, env: Readonly<Record<string, string>> = {}): Shell {
  const stream = { write: () => true, ...(columns === undefined ? {} : { isTTY: true, columns }) };
  return new Shell({
    stdin: process.stdin,
    stdout: stream,
    stderr: stream,
    env,
    interrupted: () => new AbortController().signal,
    connect: () => Promise.reject(new Error("none")),
  });
}

describe("a table", () => {
  it("sets numbers to the right, and cuts nothing where there is no terminal", () => {
    const long = "x".repeat(300);
    const { text } = table(
      shellOf(),
      ["name", ">count", "data"],
      [
        ["a", "7", long],
        ["bc", "1,200", ""],
      ],
    );
    expect(text).toBe(`name  count  data\na         7  ${long}\nbc    1,200`);
  });

  it("fits a terminal of whatever width from 40 columns, by taking from the widest columns", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 200 }),
        fc.array(fc.array(fc.string({ maxLength: 60 }), { minLength: 3, maxLength: 3 }), {
          maxLength: 5,
        }),
        (columns, rows) => {
          const { text } = table(
            shellOf(columns, { NO_COLOR: "1" }),
            ["one", "two", "three"],
            rows,
          );
          expect(text.split("\n").length).toBe(rows.length + 1);
          for (const line of text.split("\n"))
            expect(Array.from(line).length).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  it("says with … what it cut, and keeps short columns whole", () => {
    const { text } = table(
      shellOf(40, { NO_COLOR: "1" }),
      ["id", "data"],
      [["car-7", "y".repeat(80)]],
    );
    expect(text.split("\n")[1]).toBe(`car-7  ${"y".repeat(32)}…`);
  });

  it("counts wide letters as wide", () => {
    const { text } = table(
      shellOf(),
      ["name", "x"],
      [
        ["日本", "1"],
        ["ab", "2"],
      ],
    );
    expect(text.split("\n")).toEqual(["name  x", "日本  1", "ab    2"]);
  });

  it("escapes what would steer the terminal, in every cell", () => {
    const { text } = table(
      shellOf(80),
      ["name"],
      [["\u001b[2J"], [{ text: "\u0007", style: "red" }]],
    );
    expect(stripVTControlCharacters(text)).toContain("\\u001b[2J");
    expect(stripVTControlCharacters(text)).toContain("\\u0007");
  });

  it("keeps the columns of the first rows for those that come later, without the titles", () => {
    const writer = new TableWriter(shellOf(), ["type", "data"]);
    expect(writer.add([["Received", "1"]]).text).toBe("type      data\nReceived  1");
    expect(writer.add([["Sold", "2"]]).text).toBe("Sold      2");
  });

  it.each([
    ["a terminal", 80, {}, true],
    ["a terminal and NO_COLOR", 80, { NO_COLOR: "1" }, false],
    ["a terminal that can't", 80, { TERM: "dumb" }, false],
    ["no terminal", undefined, {}, false],
    ["no terminal and FORCE_COLOR", undefined, { FORCE_COLOR: "1" }, true],
    ["NO_COLOR and FORCE_COLOR", 80, { NO_COLOR: "1", FORCE_COLOR: "1" }, true],
    ["a terminal and FORCE_COLOR=0", 80, { FORCE_COLOR: "0" }, false],
  ] as const)("has colours as agreed with %s", (_, columns, env, isColoured) => {
    const { text } = table(shellOf(columns, env), ["a"], [[{ text: "b", style: "red" }]]);
    expect(text !== stripVTControlCharacters(text)).toBe(isColoured);
  });
});
