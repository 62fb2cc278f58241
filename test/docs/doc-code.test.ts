import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";

const SCRIPT = join(process.cwd(), "scripts/doc-code.mjs");

function docCode(directory: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SCRIPT, ...args], {
    cwd: directory,
    encoding: "utf8",
  });
  return {
    status,
    summary: stdout.trim(),
    objections: stderr.split("\n").filter((line) => line !== "" && !line.startsWith("npm warn")),
  };
}

function project(files: Readonly<Record<string, string>>): string {
  const directory = temporaryDirectory();
  for (const [path, text] of Object.entries({ "examples/none.ts": "", ...files })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return directory;
}

const guide = (marker: string, code = "", language = "ts") =>
  `# A guide\n\n${marker}\n\n\`\`\`${language}\n${code}\`\`\`\n`;

const ACCOUNT = `import { aggregate } from "tidemark";

export const Account = aggregate({
  // #region decide
  decide: {
    // #region open
    Open: () => ({ type: "Opened" }),
    // #endregion
    // #endregion
    Touch: () => [],
    // #region decide
  },
  // #endregion
});
// #region empty
// #endregion
`;

describe("code in the docs", () => {
  it("is that of files which are compiled and tested, in every document of this repository", () => {
    const { objections, summary } = docCode(process.cwd(), "--check");
    expect(objections).toEqual([]);
    expect(summary).toMatch(/^code in the docs: [1-9]\d+ blocks from files/);
  });

  it("is filled in from the region that a marker names, without its indentation and with what it leaves out marked", () => {
    const directory = project({
      "examples/account/main.ts": ACCOUNT.replace("// #region empty\n// #endregion\n", ""),
      "docs/guides/a.md": guide("<!-- from: examples/account/main.ts#decide -->", "old();\n"),
      "examples/account/README.md": guide("<!-- from: examples/account/main.ts#open -->"),
    });
    expect(docCode(directory)).toEqual({
      status: 0,
      summary: "code in the docs: 2 blocks from files, 0 objections",
      objections: [],
    });
    expect(readFileSync(join(directory, "docs/guides/a.md"), "utf8")).toBe(
      guide(
        "<!-- from: examples/account/main.ts#decide -->",
        'decide: {\n  Open: () => ({ type: "Opened" }),\n  // …\n},\n',
      ),
    );
    expect(readFileSync(join(directory, "examples/account/README.md"), "utf8")).toBe(
      guide("<!-- from: examples/account/main.ts#open -->", 'Open: () => ({ type: "Opened" }),\n'),
    );
    expect(docCode(directory, "--check").status).toBe(0);
  });

  it("is a whole file where no region is named, as prettier would leave it in a block", () => {
    const directory = project({
      "examples/account/main.ts":
        'export const a =\n  "short";\n// #region b\nf()\n// #endregion\n',
      "README.md":
        guide("<!-- from: examples/account/main.ts -->") +
        guide("<!-- from: examples/account/main.ts#b -->"),
    });
    expect(docCode(directory).objections).toEqual([]);
    expect(readFileSync(join(directory, "README.md"), "utf8")).toContain(
      '```ts\nexport const a = "short";\nf();\n```',
    );
  });

  it("isn't looked at where another test follows it, or where it is generated", () => {
    const directory = project({
      "docs/start.md": `<!-- followed by a test -->\n${guide("")}`,
      "docs/reference/tidemark.md": guide(""),
    });
    expect(docCode(directory, "--check").objections).toEqual([]);
  });

  it.each([
    ["has no marker", guide("Look:", "f();\n"), "code without a marker"],
    ["has a marker with a mistake", guide("<!-- form: examples/none.ts -->"), "without a marker"],
    ["hides behind another name", guide("", "f();\n", "typescript"), 'a block of "typescript"'],
    ["hides behind no name", guide("", "f();\n", ""), 'a block of ""'],
    ["names no file", guide("<!-- from: examples/gone.ts -->"), "examples/gone.ts doesn't exist"],
    ["names no region", guide("<!-- from: examples/account/main.ts#x -->"), "has no region x"],
    ["names an empty region", guide("<!-- from: examples/account/main.ts#empty -->"), "is empty"],
    [
      "differs from its file",
      guide("<!-- from: examples/account/main.ts#open -->", "f();\n"),
      "isn't examples/account/main.ts#open any more",
    ],
    ["is a marker alone", "# A\n\n<!-- from: examples/none.ts -->\n\nText", "without a block"],
    ["is a marker at the end", "# A\n\n<!-- from: examples/none.ts -->\n", "ends with a marker"],
    ["never ends", "# A\n\n```sh\nls\n", "a block that doesn't end"],
  ])("is objected to and left alone where it %s", (_, text, objection) => {
    const directory = project({ "examples/account/main.ts": ACCOUNT, "docs/a.md": text });
    const { status, objections } = docCode(directory, "--check");
    expect(objections.filter((each) => each.startsWith("docs/a.md")).join()).toContain(objection);
    expect(status).toBe(1);
    expect(readFileSync(join(directory, "docs/a.md"), "utf8")).toBe(text);
  });

  it.each([
    ["isn't closed", "// #region a\nf();\n", "doesn't close the region a"],
    [
      "is closed twice",
      "// #region a\nf();\n// #endregion\n// #endregion\n",
      ":4 closes no region",
    ],
    ["no doc shows", "// #region a\nf();\n// #endregion\n", "has a region a that no doc shows"],
  ])("is objected to where a region %s", (_, source, objection) => {
    const { status, objections } = docCode(project({ "examples/a.ts": source }), "--check");
    expect(objections.join("\n")).toContain(objection);
    expect(status).toBe(1);
  });
});
