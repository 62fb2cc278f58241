import { describe, expect, it } from "vitest";
import { runCli } from "../support/cli-shell.js";

/** All commands as their help tells them, with those under them. */
async function commandsBelow(path: readonly string[]): Promise<string[][]> {
  const { stdout } = await runCli([...path, "--help"]);
  // Of the lines in lists of commands: options begin with a dash, arguments stand under their own heading.
  const lists = stdout.split(/\n(?=\S)/).filter((part) => /^(Commands|To |The |For )/.test(part));
  const names = lists.flatMap((list) =>
    [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = ""]) => name),
  );
  const found = names.filter((name) => name !== "help").map((name) => [...path, name]);
  const deeper = path.length === 0 ? await Promise.all(found.map(commandsBelow)) : [];
  return [...found, ...deeper.flat()];
}

describe("the command line", () => {
  it("lists its commands by purpose, with the exit codes", async () => {
    const { code, stdout } = await runCli(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("To look:");
    expect(stdout).toContain("Exit codes: 0 all is well, 1 something was found or lost, 2");
    expect(stdout).not.toContain("complete-words");
  });

  it("has a help for each command and each one under it, with examples for those that stand alone", async () => {
    const commands = await commandsBelow([]);
    expect(commands.length).toBeGreaterThan(50);
    for (const path of commands) {
      const { code, stdout, stderr } = await runCli([...path, "--help"]);
      expect([path, code, stderr]).toEqual([path, 0, ""]);
      if (path.length === 1) expect(stdout, path.join(" ")).toMatch(/Examples?:/);
    }
  });

  it("ends with 2 without a command, and shows what there is", async () => {
    const { code, stdout, stderr } = await runCli([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: tidemark");
  });

  it.each([
    [["projectoins"], "Did you mean projections?"],
    [["projections", "rebiuld", "cars"], "Did you mean rebuild?"],
    [["events", "--folow"], "Did you mean --follow?"],
  ])("tells for %j the nearest name", async (argv, hint) => {
    const { code, stdout, stderr } = await runCli(argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(hint);
    expect(stderr).toContain("--help");
  });

  it("refuses what it doesn't understand before it looks for a target", async () => {
    for (const argv of [
      ["events", "--limit", "many"],
      ["events", "--since", "yesterday"],
      ["state", "article/kettle", "--at", "version:last"],
      ["diff", "article/kettle"],
      ["sagas", "send", "transfer", "one", "Go", "{not json"],
      ["events", "--nats", "nats://127.0.0.1", "--dir", "./data"],
      ["state", "one", "two"],
    ]) {
      const { code, stderr } = await runCli(argv);
      expect([argv, code]).toEqual([argv, 2]);
      expect(stderr).toMatch(/^error: /);
    }
  });
});

async function complete(...words: string[]): Promise<string[]> {
  const { stdout } = await runCli(["complete-words", "--", ...words]);
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0] ?? ""]));
}

describe("completion", () => {
  it("completes commands and those under them", async () => {
    expect(await complete("pro")).toEqual(["projections"]);
    expect(await complete("projections", "re")).toEqual(["resume", "rebuild", "replay"]);
    expect(await complete("sagas", "--dir", "./data", "--json", "ins")).toEqual(["instances"]);
    expect(await complete("nosuch", "")).toEqual([]);
  });

  it("completes options, those of the command above, too", async () => {
    expect(await complete("events", "--stream")).toEqual(["--stream", "--stream-type"]);
    expect(await complete("projections", "rebuild", "--")).toEqual(
      expect.arrayContaining(["--approve", "--yes", "--reason", "--dir", "--json", "--help"]),
    );
  });

  it("completes what an argument must be one of", async () => {
    expect(await complete("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });

  it("says nothing where nobody can be asked for names", async () => {
    const { code, stdout, stderr } = await runCli(["complete-words", "--", "state", "art"]);
    expect([code, stdout, stderr]).toEqual([0, "", ""]);
  });
});
