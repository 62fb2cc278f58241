import { execFile, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { CLI } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { npm, pack } from "../support/packed.js";

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const FILES = [
  ".gitignore",
  "README.md",
  "package.json",
  "src/main.ts",
  "src/order.ts",
  "src/orders-view.ts",
  "test/order.test.ts",
  "test/orders-view.test.ts",
  "tsconfig.json",
];

async function init(cwd: string, ...args: string[]) {
  const run = promisify(execFile)(process.execPath, [CLI, "init", ...args], { cwd });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();
}

function packageFileIn(directory: string): PackageFile {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as PackageFile;
}

describe("init", () => {
  it("makes a project named like its folder that depends on the version it comes from, and says what to do next", async () => {
    const directory = temporaryDirectory();
    const { code, stdout, stderr } = await init(directory, "shops/my shop", "--name", "shop");
    const project = join(directory, "shops", "my shop");
    expect([code, stderr]).toEqual([0, ""]);
    expect(filesIn(project)).toEqual(FILES);
    expect(stdout).toContain('Next:\n  cd "shops/my shop"\n  npm install\n');
    expect(packageFileIn(project)).toMatchObject({
      name: "shop",
      dependencies: { tidemark: `^${packageFileIn(".").version}` },
    });
    expect(readFileSync(join(project, "README.md"), "utf8")).toMatch(/^# shop\n/);
    for (const path of FILES)
      expect(readFileSync(join(project, path), "utf8")).not.toContain("replaced-by-init");
  });

  it("says as JSON what it made", async () => {
    const directory = temporaryDirectory();
    const { code, stdout } = await init(directory, "shop", "--json");
    expect(code).toBe(0);
    const { files, ...rest } = JSON.parse(stdout) as { readonly files: string[] };
    expect(rest).toEqual({ directory: expect.stringMatching(/\/shop$/) as unknown, name: "shop" });
    expect(files.sort()).toEqual(FILES);
  });

  it("makes it in the folder where it is called, beside what is there already", async () => {
    const directory = join(temporaryDirectory(), "here");
    mkdirSync(join(directory, "src"), { recursive: true });
    writeFileSync(join(directory, "src", "mine.ts"), "mine");
    const { code, stdout } = await init(directory);
    expect(code).toBe(0);
    expect(stdout).toContain("Next:\n  npm install\n");
    expect(packageFileIn(directory).name).toBe("here");
    expect(filesIn(directory)).toEqual([...FILES, "src/mine.ts"].sort());
  });

  it("writes nothing where one of its files is there already, and says which", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "src"));
    writeFileSync(join(directory, "src", "main.ts"), "mine");
    symlinkSync("nowhere", join(directory, "README.md"));
    const { code, stdout, stderr } = await init(directory, ".", "--name", "shop");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(
      `${directory} already has README.md, src/main.ts; nothing was written`,
    );
    expect(filesIn(directory)).toEqual(["README.md", "src/main.ts"]);
    expect(readFileSync(join(directory, "src", "main.ts"), "utf8")).toBe("mine");
  });

  it("writes nothing where a file or a link stands in the place of one of its folders", async () => {
    const directory = temporaryDirectory();
    const elsewhere = temporaryDirectory();
    writeFileSync(join(directory, "test"), "mine");
    symlinkSync(elsewhere, join(directory, "src"));
    const { code, stderr } = await init(directory, ".", "--name", "shop");
    expect(code).toBe(2);
    expect(stderr).toContain(`${directory} already has src, test; nothing was written`);
    expect(filesIn(directory)).toEqual(["src", "test"]);
    expect(filesIn(elsewhere)).toEqual([]);
  });

  it("refuses a file in the place of the folder", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "shop"), "mine");
    const { code, stderr } = await init(directory, "shop");
    expect(code).toBe(2);
    expect(stderr).toContain(`${join(directory, "shop")} is a file; nothing was written`);
  });

  it.each(["My Shop", "_shop", ".shop", "shop/", "@shop", "a".repeat(215), "", "tidemark"])(
    "refuses the name %j, which npm wouldn't take, before anything is written",
    async (name) => {
      const directory = temporaryDirectory();
      const { code, stderr } = await init(directory, "shop", "--name", name);
      expect(code).toBe(2);
      expect(stderr).toContain("with --name");
      expect(existsSync(join(directory, "shop"))).toBe(false);
    },
  );

  it("leaves no file behind when the disk takes only a part", () => {
    const directory = temporaryDirectory();
    // Files end at 512 or 1,024 bytes here, as the shell counts; the templates are larger.
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", 'ulimit -f 1; exec "$0" "$@"', process.execPath, CLI, "init", "shop"],
      { cwd: directory, encoding: "utf8" },
    );
    expect(stderr).toContain("EFBIG");
    expect(status).toBe(2);
    expect(filesIn(directory)).toEqual([]);
  });
});

describe("what init of the packed package makes", () => {
  it(
    "passes its tests and the compiler, and finds on its second run what the first recorded",
    { timeout: 600_000 },
    () => {
      const directory = temporaryDirectory();
      const { tarball } = pack(directory);
      const project = join(directory, "shop");
      npm(
        ["exec", "--yes", `--package=${tarball}`, "--", "tidemark", "init", "shop"].concat(
          "--tidemark",
          `file:${tarball}`,
        ),
        directory,
      );
      npm(["install"], project);
      expect(npm(["test"], project)).toMatch(/pass 3\n/);
      expect(npm(["run", "--silent", "check"], project)).toBe("");

      const first = npm(["start", "--silent"], project);
      expect(first).toMatch(
        /^The journal is empty\.\nPlace order-1: accepted at position 1\nShip order-1: refused: not-paid\n/,
      );
      expect(first).toMatch(/'order-1' .* 2500 .* 'placed'/);
      const second = npm(["start", "--silent"], project);
      expect(second).toMatch(
        /^From earlier runs: 1\.\nPay order-1: accepted at position 2\nShip order-1: accepted at position 3\n/,
      );
      expect(second).toMatch(/'order-1' .* 'shipped' [^]*'order-2' .* 'placed'/);
      expect(npm(["exec", "--", "tidemark", "verify", "data"], project)).toContain(
        "nothing is wrong",
      );
    },
  );
});
