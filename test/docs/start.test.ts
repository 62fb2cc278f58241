/** Follows docs/start.md from an empty folder: writes its files, runs its commands, compares what they print. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { pack } from "../support/packed.js";

type Step =
  | { readonly write: string; readonly text: string }
  | { readonly run: string; readonly prints: string | undefined };

/**
 * In the order of the page: a block behind a line that names a file is that file; `sh` is run, and a `text` block behind
 * it is what it prints.
 */
function stepsOf(page: string): Step[] {
  const blocks = page.matchAll(
    /(?:^`(?<file>[\w.-]+)`:\n\n)?^```(?<language>\w+)\n(?<text>[^]*?)^```$(?:\n\n```text\n(?<prints>[^]*?)^```$)?/gm,
  );
  return [...blocks].map(({ 0: block, groups }) => {
    const { file, language, text = "", prints } = groups as Record<string, string | undefined>;
    if (file !== undefined) return { write: file, text };
    if (language === "sh") return { run: text, prints };
    throw new Error(`neither a file nor a command:\n${block}`);
  });
}

const page = readFileSync("docs/start.md", "utf8");

describe("docs/start.md", () => {
  it("leads from an empty folder to what it says, command by command", { timeout: 600_000 }, () => {
    const root = temporaryDirectory();
    const { tarball } = pack(root);
    const pwd = join(root, "pwd");
    let cwd = root;
    const steps = stepsOf(page);
    expect(steps.filter((step) => "write" in step).length).toBe(page.match(/^```ts$/gm)?.length);
    for (const step of steps) {
      if ("write" in step) {
        writeFileSync(join(cwd, step.write), step.text);
        continue;
      }
      // The one thing that differs: the package comes from here.
      const commands = step.run.replace("npm install tidemark", `npm install ${tarball}`);
      const { stdout, stderr, status } = spawnSync("bash", ["-euc", `${commands}\npwd >'${pwd}'`], {
        cwd,
        encoding: "utf8",
        env: { ...process.env, npm_config_prefer_offline: "true" },
      });
      expect(status, `${commands}\n${stdout}${stderr}`).toBe(0);
      if (step.prints !== undefined)
        expect(withoutDurations(stdout), commands).toBe(withoutDurations(step.prints));
      cwd = readFileSync(pwd, "utf8").trim();
    }
    compile(cwd);
  });
});

/** What Node's test runner measured. */
function withoutDurations(output: string): string {
  return output.replace(/\([\d.]+ms\)/g, "(ms)").replace(/(?<=duration_ms )[\d.]+/, "");
}

/** The page doesn't install a compiler; its reader's editor has one. */
function compile(cwd: string): void {
  const files = readdirSync(cwd).filter((name) => name.endsWith(".ts"));
  const modules = join(process.cwd(), "node_modules");
  execFileSync(
    process.execPath,
    [
      join(modules, "typescript", "bin", "tsc"),
      ...["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022"],
      ...["--typeRoots", join(modules, "@types"), "--types", "node"],
      ...files,
    ],
    { cwd, encoding: "utf8" },
  );
}
