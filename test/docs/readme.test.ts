import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { npm, pack } from "../support/packed.js";

const readme = readFileSync("README.md", "utf8");
const block = (language: string, nth = 0) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "g"))][nth]?.[1] ?? "";

describe("the README", () => {
  it("prints the program of examples/account, which is compiled and run", () => {
    expect(block("ts")).toBe(readFileSync("examples/account/main.ts", "utf8"));
  });

  it("prints what the program prints, the first time and the second", () => {
    const directory = temporaryDirectory();
    for (const nth of [0, 1]) {
      const output = execFileSync(
        process.execPath,
        [join(process.cwd(), "dist/examples/account/main.js")],
        { cwd: directory, encoding: "utf8" },
      );
      expect(output).toBe(block("text", nth));
    }
  });
});

describe("the package, packed and installed into an empty project", () => {
  it(
    "runs the README's program as printed, with types, and offers exactly its doors",
    { timeout: 300_000 },
    () => {
      const directory = temporaryDirectory();
      const { tarball, files } = pack(directory);
      const foreign = files.filter(
        (path) =>
          !/^(dist\/(src|journal|actors|sagas)\/.*\.(js|d\.ts)|templates\/service\/.*|src\/dashboard\/public\/.*|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(
            path,
          ),
      );
      expect(foreign).toEqual([]);

      const project = join(directory, "project");
      mkdirSync(project);
      writeFileSync(
        join(project, "package.json"),
        JSON.stringify({ name: "empty", private: true, type: "module" }),
      );
      npm(["install", tarball, "tsx@^4", "typescript@~6.0.3", "@types/node@^20"], project);
      writeFileSync(join(project, "account.ts"), block("ts"));
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            module: "nodenext",
            target: "es2022",
            strict: true,
            noEmit: true,
            types: ["node"],
          },
          files: ["account.ts"],
        }),
      );
      const run = (command: string, ...args: string[]) =>
        execFileSync(join("node_modules", ".bin", command), args, {
          cwd: project,
          encoding: "utf8",
        });
      run("tsc", "-p", ".");
      expect(run("tsx", "account.ts")).toBe(block("text", 0));
      expect(run("tsx", "account.ts")).toBe(block("text", 1));

      const program = `
      const doors = [await import("tidemark"), await import("tidemark/testing")];
      const closed = await import("tidemark/dist/journal/index.js").then(() => "open", (error) => error.code);
      console.log(doors.map((door) => typeof (door.openRuntime ?? door.openMemoryRuntime)).join(" "), closed);`;
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
        cwd: project,
        encoding: "utf8",
      });
      expect(output).toBe("function function ERR_PACKAGE_PATH_NOT_EXPORTED\n");
    },
  );
});
