/**
 * Runs every command of docs/guides/command-line.md on the shop that it tells of, in order, and compares what they print. With
 * `UPDATE_DOCS=1` it writes what they print into the page instead.
 */
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Runtime } from "tidemark";
import { definitions, ShopRules } from "../../../examples/guides/command-line.js";
import { built } from "../../support/built.js";
import { runCli } from "../../support/cli-shell.js";
import { temporaryDirectory } from "../../support/directories.js";
import { fillShop } from "../../support/shop.js";

const PAGE = join(import.meta.dirname, "../../../docs/guides/command-line.md");
const COLUMNS = 120;
const TEN = Date.UTC(2026, 0, 5, 10);
const MINUTE_MS = 60_000;
const BLOCK = /^```sh\n(?<command>[^]*?)^```$(?:\n\n```text\n(?<prints>[^]*?)^```$)?/gm;

/** Words, with what is quoted as one. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
}

/** What differs from run to run: ids, processes, and what was measured. */
function comparable(output: string): string {
  return output
    .replace(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, "<id>")
    .replace(/[\da-f]{64}/g, "<sha256>")
    .replace(/"crc":\d+/g, '"crc":<crc>')
    .replace(/process \d+/g, "process <pid>")
    .replace(/node v[\d.]+/g, "node <version>")
    .replace(/[\d.,]+ (bytes|[KMGT]iB)/g, "<size>")
    .replace(
      /[\d.,]+ (a second|refused|failed|fetched|evicted|of 10,000 entities|ms\b)/g,
      "<measured> $1",
    )
    .replace(/full in +[\d,]+/g, "full in <measured>")
    .replace(/index (reflects )?[\d,]+/g, "index <measured>")
    .replace(/ +/g, " ")
    .replace(/\b(catching-up|held)\b/g, "live")
    .replace(/(live( [\d,]+)? 0) ([\d.,]+ )?2\b/g, "$1 <rate> 2");
}

/** Where it ran, and as whom, is nobody's business. */
function anonymous(output: string): string {
  return output
    .replaceAll(realpathSync(process.cwd()), "/srv/shop")
    .replaceAll(process.cwd(), "/srv/shop")
    .replaceAll(`${userInfo().username} (${userInfo().username})`, "ada (ada)");
}

let cwd: string;
let runtime: Runtime;
beforeEach(async () => {
  cwd = process.cwd();
  const directory = temporaryDirectory();
  mkdirSync(directory, { recursive: true });
  process.chdir(directory);
  vi.useFakeTimers({ toFake: ["Date"], now: TEN });
  runtime = await built.openRuntime({ directory: "./data", service: "shop", ...definitions });
  await fillShop(runtime, (minute) => void vi.setSystemTime(TEN + minute * MINUTE_MS));
});
afterEach(async () => {
  vi.useRealTimers();
  await runtime.close();
  process.chdir(cwd);
});

describe("docs/guides/command-line.md", () => {
  it("prints what it says, command by command", async () => {
    const [alert] = runtime.rules.alerts(ShopRules);
    const page = readFileSync(PAGE, "utf8").replace(
      /(?<=explain shop-rules )\w+/,
      String(alert?.position),
    );
    const source = readFileSync(join(cwd, "examples/guides/command-line.ts"), "utf8");
    for (const [, code = ""] of page.matchAll(/^```ts\n([^]*?)^```$/gm))
      expect(source).toContain(code);
    let filled = "";
    let end = 0;
    for (const block of page.matchAll(BLOCK)) {
      const { command = "", prints = "" } = block.groups ?? {};
      let printed = "";
      for (const line of command.trimEnd().split("\n")) printed += await outputOf(line);
      if (process.env["UPDATE_DOCS"] === undefined)
        expect(comparable(printed), command).toBe(comparable(prints));
      filled += page.slice(end, block.index) + "```sh\n" + command + "```";
      if (printed !== "") filled += "\n\n```text\n" + printed + "```";
      end = block.index + block[0].length;
    }
    if (process.env["UPDATE_DOCS"] !== undefined) writeFileSync(PAGE, filled + page.slice(end));
    expect(end).toBeGreaterThan(0);
  });

  it("has a heading or a table row for each command", async () => {
    const page = readFileSync(PAGE, "utf8");
    const { stdout } = await runCli(["--help"]);
    const names = [...stdout.matchAll(/^ {2}([a-z][a-z-]+) /gm)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(20);
    const isShown = (name: string) =>
      new RegExp(`tidemark ${name}\\b|^### (.*, )?${name}\\b`, "m").test(page);
    expect(names.filter((name) => name !== "help" && !isShown(name))).toEqual([]);
  });
});

/** What goes into a file is only looked at; a comment says how it ends, if not with 0. */
async function outputOf(line: string): Promise<string> {
  const [, command = "", redirect, code = "0"] =
    /^tidemark (.*?)( >>? \S+)?(?: +# ends with (\d))?$/.exec(line) ?? [];
  const ran = await runCli(wordsOf(command), { columns: COLUMNS, env: { NO_COLOR: "1" } });
  expect([line, ran.code]).toEqual([line, Number(code)]);
  expect(ran.stderr === "", line).toBe(code !== "2");
  return redirect === undefined ? anonymous(ran.stdout + ran.stderr) : "";
}
