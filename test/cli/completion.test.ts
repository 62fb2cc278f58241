/** Completion as a shell does it: the scripts that are printed, in the real shells, over a real data directory. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openRuntime } from "tidemark";
import { Article, definitions } from "../../examples/guides/command-line.js";
import { CLI } from "../support/built.js";
import { shellProgram, type ShellName } from "../support/shell-programs.js";

const folder = mkdtempSync(join(tmpdir(), "tidemark-completion-"));
const script = (shell: ShellName) => join(folder, `completion.${shell}`);
const env = { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}`, TERM: "dumb" };

beforeAll(async () => {
  const program = join(folder, "tidemark");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  chmodSync(program, 0o755);
  const runtime = await openRuntime({ ...definitions, directory: join(folder, "data") });
  for (const id of ["kettle", "pan:2"])
    await runtime.ask(Article, id, { type: "List", data: { sku: id } });
  await runtime.close();
  for (const shell of ["bash", "zsh", "fish"] as const)
    writeFileSync(script(shell), await run(program, ["completion", shell]));
  mkdirSync(join(folder, "shelves"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { env, cwd: folder });
  return stdout;
}

const linesOf = (text: string) => text.split("\n").filter((line) => line !== "");

/** What bash would put in place of the last word, which for it begins behind a colon. */
async function bash(line: string): Promise<string[]> {
  const said = await run(shellProgram("bash"), [
    "--norc",
    "-c",
    `source "$1"; COMP_LINE=$2; COMP_POINT=\${#2}; COMP_WORDS=($2); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
     _tidemark tidemark; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    script("bash"),
    line,
  ]);
  return linesOf(said);
}

async function fish(line: string): Promise<string[]> {
  const command = 'source $argv[1]; complete -C "$argv[2]"';
  const said = await run(shellProgram("fish"), [
    "--no-config",
    "-c",
    command,
    script("fish"),
    line,
  ]);
  return linesOf(said).map((each) => each.split("\t")[0] ?? "");
}

/** The line as it stands once Tab was pressed in a terminal. */
async function zsh(line: string): Promise<string> {
  const terminal = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell "PS1=; stty -echo; autoload -Uz compinit; compinit -u -D; source '$1'"
    zpty -w shell 'told() { print -r -- "TOLD:$BUFFER:TOLD" }; zle -N told; bindkey "^I" complete-word; bindkey "^X" told; print READY-$((1 + 1))'
    zpty -r shell said '*READY-2*'
    zpty -w -n shell "$2"$'\\t\\C-x'
    zpty -r shell said '*TOLD:*:TOLD*'
    print -r -- "$said"
    zpty -d shell`;
  const said = await run(shellProgram("zsh"), ["-f", "-c", terminal, "zsh", script("zsh"), line]);
  return /TOLD:(.*):TOLD/s.exec(said)?.[1] ?? said;
}

/** Names from a store are given up after two seconds, which a busy machine may need: then somebody presses Tab again. */
async function eventually<T>(complete: () => Promise<T>, isThere: (found: T) => boolean) {
  for (let n = 1; n < 5; n++) {
    const found = await complete();
    if (isThere(found)) return found;
  }
  return complete();
}

describe.each([
  ["bash", bash],
  ["fish", fish],
] as const)("completion in %s", (_name, complete) => {
  it("knows commands, those under them, options, and what a value must be one of", async () => {
    expect(await complete("tidemark pro")).toEqual(["projections"]);
    expect((await complete("tidemark projections re")).sort()).toEqual([
      "rebuild",
      "replay",
      "resume",
    ]);
    expect((await complete("tidemark events --stream")).sort()).toEqual([
      "--stream",
      "--stream-type",
    ]);
    expect((await complete("tidemark completion ")).sort()).toEqual(["bash", "fish", "zsh"]);
  });

  it("knows the streams of the directory that the line names, also behind a slash", async () => {
    const streams = await eventually(
      () => complete("tidemark state --dir ./data article/"),
      (found) => found.includes("article/kettle"),
    );
    expect(streams.sort()).toEqual(["article/kettle", "article/pan:2"]);
  });
});

describe("completion in bash", () => {
  it("gives what stands behind a colon, where a word begins for it", async () => {
    const found = await eventually(
      () => bash("tidemark state article/pan:"),
      (all) => all.length > 0,
    );
    expect(found).toEqual(["2"]);
  });

  it("leaves directories to bash", async () => {
    expect(await bash("tidemark verify she")).toEqual([]);
    const command = `source "$1"; complete -p tidemark`;
    const said = await run(shellProgram("bash"), ["-c", command, "bash", script("bash")]);
    expect(said).toContain("-o default");
  });
});

describe("completion in fish", () => {
  it("gives directories where one is wanted", async () => {
    expect(await fish("tidemark verify she")).toEqual(["shelves/"]);
  });
});

describe("completion in zsh", () => {
  it("knows commands, those under them, options, and what a value must be one of", async () => {
    expect(await zsh("tidemark pro")).toBe("tidemark projections ");
    expect(await zsh("tidemark projections rep")).toBe("tidemark projections replay ");
    expect(await zsh("tidemark events --stream-")).toBe("tidemark events --stream-type ");
    expect(await zsh("tidemark completion z")).toBe("tidemark completion zsh ");
  });

  it("knows the streams of the directory, with a slash and a colon in them", async () => {
    for (const [begun, id] of [
      ["article/k", "article/kettle"],
      ["article/pan", "article/pan:2"],
    ] as const) {
      const line = await eventually(
        () => zsh(`tidemark state ${begun}`),
        (told) => told.includes(id.slice(-3)),
      );
      expect(line.replace("\\:", ":").trimEnd()).toBe(`tidemark state ${id}`);
    }
  });

  it("gives directories where one is wanted", async () => {
    expect(await zsh("tidemark verify she")).toBe("tidemark verify shelves/");
  });
});
