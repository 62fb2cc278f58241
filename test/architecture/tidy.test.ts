/**
 * What no linter knows of this house: its words, its doors, its traces of the machine it was written on. Each check is a
 * function from a file to what is wrong with it, is run over the repository, and is shown to object to a sample.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

interface File {
  readonly path: string;
  readonly text: string;
}
/** What is wrong with a file, each as `path:line what`. */
type Check = (file: File) => readonly string[];

const ROOT = join(import.meta.dirname, "../..");
const SOURCE = /^(src|journal|actors|sagas)\/.*\.ts$/;
const BINARY = /\.(png|jpe?g|gif|ico|woff2?|gz|tgz|zip|mdb|bin)$/;

/** Only words that have no other use here: the house list is docs' and reviewers' business. */
const BANNED_WORDS: readonly { readonly word: RegExp; readonly say: string }[] = [
  { word: /rehydrat/i, say: "hydration" },
  { word: /bookmark/i, say: "checkpoint" },
  { word: /high_?water/i, say: "head" },
  { word: /dispatch/i, say: "tell or ask" },
  { word: /read_?model/i, say: "view" },
  { word: /workflow/i, say: "saga" },
];

const noExportStar: Check = (file) =>
  nodesOf(file, (node) => ts.isExportDeclaration(node) && !isNamed(node.exportClause)).map(
    ({ at }) => `${at} export *: list the names`,
  );

const debtNamesItsIssue: Check = (file) =>
  matches(file, /\bDEBT\b(?!\([^)\s]+\))/g).map(
    ({ at }) => `${at} a known compromise without its issue: DEBT(<issue>)`,
  );

const oneTitle: Check = (file) => {
  const titles = outsideFences(file.text).filter((line) => /^# /.test(line)).length;
  return titles === 1 ? [] : [`${file.path}:1 ${String(titles)} titles (# ), expected 1`];
};

const houseWords: Check = (file) =>
  nodesOf(file, (node) => ts.isIdentifier(node) || ts.isPrivateIdentifier(node)).flatMap(
    ({ at, text }) =>
      BANNED_WORDS.filter(({ word }) => word.test(text)).map(
        ({ say }) => `${at} ${text}: say ${say}`,
      ),
  );

const noMachinePath: Check = (file) =>
  matches(file, /(?<![\w.~@*)}\]-])\/(?:work|home|root)\//g).map(
    ({ at, text }) => `${at} ${text}: a path of one machine`,
  );

const noForeignRegistry: Check = (file) =>
  [
    ...matches(
      file,
      /https?:\/\/(?!registry\.npmjs\.org\b)[^\s/"']*(?:registry|verdaccio|artifactory|nexus)[^\s"']*/gi,
    ),
    ...matches(file, /^[@\w:/.-]*registry\s*=(?!\s*https:\/\/registry\.npmjs\.org\/?\s*$).*$/gim),
    ...matches(file, /"resolved"\s*:\s*"(?!https:\/\/registry\.npmjs\.org\/)[^"]+"/g),
  ].map(({ at, text }) => `${at} ${text}: a registry of one machine`);

const everyTestExpects: Check = (file) =>
  nodesOf(file, isTestCall)
    .filter(({ node, text }) => !contains(node, isExpectation) && !/@ts-expect-error\b/.test(text))
    .map(({ at }) => `${at} a test that expects nothing`);

const files = filesOfRepository();
const sources = files.filter(({ path }) => SOURCE.test(path));
const tests = files.filter(({ path }) => /^test\/.*\.test(-d)?\.ts$/.test(path));

describe("tidy, what is looked at", () => {
  it("is the sources, the tests and the lock file of this repository", () => {
    expect(sources.map(({ path }) => path)).toContain("src/index.ts");
    expect(tests.map(({ path }) => path)).toContain("test/architecture/tidy.test.ts");
    expect(files.map(({ path }) => path)).toContain("package-lock.json");
  });
});

tidy("doors", noExportStar, sources, {
  wrong: [
    'export * from "./journal.js";',
    'export * as journal from "./journal.js";',
    'export type * from "./a.js";',
  ],
  right: [
    'export { open } from "./open.js";',
    "// export * would show everything",
    "export type Open = string;",
  ],
});
tidy("known compromises", debtNamesItsIssue, files.filter(isCode), {
  // Taken apart, so that this file has none.
  wrong: ["// DE" + "BT: later", "/* DE" + "BT() */"],
  right: ["// DEBT(#12): lmdb has no such call", "const indebted = 1;"],
});
tidy(
  "titles",
  oneTitle,
  files.filter(({ path }) => path.endsWith(".md")),
  {
    wrong: ["no title", "# One\n\n# Two", "```sh\n# a comment\n```"],
    right: [
      "# One\n\n## Part\n\n```sh\n# a comment\n```",
      "# One\n\n````md\n```\n# inside\n```\n````",
    ],
  },
);
tidy("vocabulary", houseWords, sources, {
  wrong: [
    "function rehydrate() {}",
    "const bookMarks = 1, bookmarkOf = 2;",
    "class A { #dispatch() {} }",
    "let highWaterMark;",
  ],
  right: [
    'throw new Error("dispatch");',
    "// a bookmark, as others say",
    "const hydration = checkpoint;",
  ],
});
tidy("paths", noMachinePath, files, {
  wrong: ["cd /ho" + "me/me/tidemark", '"file:///wo' + 'rk/main"', "(/ro" + "ot/.npmrc)"],
  right: [
    "https://example.org/ho" + "me/",
    "docs/wo" + "rk/plan",
    "~/ro" + "ot/x",
    "${dir}/wo" + "rk/",
  ],
});
tidy("registries", noForeignRegistry, files, {
  wrong: [
    "http://npm-reg" + "istry.internal:4873/lmdb.tgz",
    "reg" + "istry=http://10.0.0.1/",
    "@us:reg" + "istry=http://10.0.0.1/",
    '"res' + 'olved": "http://10.0.0.1/lmdb.tgz"',
  ],
  right: [
    '"resolved": "https://registry.npmjs.org/lmdb/-/lmdb-3.5.6.tgz"',
    "registry=https://registry.npmjs.org/",
    "omit-lockfile-registry-resolved=true",
  ],
});
tidy("tests", everyTestExpects, tests, {
  wrong: [
    'it("runs", () => { run(); });',
    'it.each([1])("runs %i", (n) => run(n));',
    'test("runs", opts, () => {});',
  ],
  right: [
    'it("adds", () => { expect(1 + 1).toBe(2); });',
    'it("refuses", () => { given(Account).when(withdraw).thenRejected("poor"); });',
    'it("holds", () => { fc.assert(property); });',
    'it("holds", () => expectNoGaps(journal));',
    'it("refuses a number", () => {\n// @ts-expect-error: a number\nopen(1); });',
    'it.todo("is written later");',
    'const parts = /a/.test("a");',
  ],
});

/** Two tests: nothing in the repository is wrong, and the check tells wrong samples from right ones. */
function tidy(
  subject: string,
  check: Check,
  within: readonly File[],
  samples: { readonly wrong: readonly string[]; readonly right: readonly string[] },
): void {
  const objectionsTo = (text: string): readonly string[] => check({ path: "sample.ts", text });
  describe(`tidy, ${subject}`, () => {
    it("finds nothing in the repository", () => {
      expect(within.flatMap(check)).toEqual([]);
    });
    it("objects to each wrong sample, and to no right one", () => {
      expect(samples.wrong.filter((text) => objectionsTo(text).length === 0)).toEqual([]);
      expect(samples.right.flatMap(objectionsTo)).toEqual([]);
    });
  });
}

/** What git tracks or would track, so that a developer's own leavings don't count. */
function filesOfRepository(): readonly File[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8", maxBuffer: 16 * 2 ** 20 })
    .split("\0")
    .filter((path) => path !== "" && !BINARY.test(path) && existsSync(join(ROOT, path)))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

function isCode({ path }: File): boolean {
  return /\.(ts|js|mjs|cjs)$/.test(path);
}

function matches(
  { path, text }: File,
  pattern: RegExp,
): readonly { readonly at: string; readonly text: string }[] {
  return [...text.matchAll(pattern)].map((match) => ({
    at: `${path}:${String(text.slice(0, match.index).split("\n").length)}`,
    text: match[0],
  }));
}

/** A fence is closed by one of at least its own length, so that a fence may show a fence. */
function outsideFences(text: string): readonly string[] {
  let fence: string | undefined;
  return text.split("\n").filter((line) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence)) fence = undefined;
    return fence === undefined && mark === undefined;
  });
}

interface Found {
  readonly at: string;
  readonly text: string;
  readonly node: ts.Node;
}

function nodesOf({ path, text }: File, wanted: (node: ts.Node) => boolean): readonly Found[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: Found[] = [];
  const visit = (node: ts.Node): void => {
    if (wanted(node)) {
      const line = file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1;
      found.push({ at: `${path}:${String(line)}`, text: node.getText(file), node });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function contains(node: ts.Node, wanted: (node: ts.Node) => boolean): boolean {
  return (
    wanted(node) ||
    (ts.forEachChild(node, (child) => contains(child, wanted) || undefined) ?? false)
  );
}

function isNamed(clause: ts.NamedExportBindings | undefined): boolean {
  return clause !== undefined && ts.isNamedExports(clause);
}

/** `it(…)`, `test.each(…)(…)`: a title and a function. `it.todo` has no function. */
function isTestCall(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  let callee: ts.Expression = node.expression;
  while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee))
    callee = callee.expression;
  const named = ts.isIdentifier(callee) && (callee.text === "it" || callee.text === "test");
  return (
    named &&
    node.arguments.some((each) => ts.isArrowFunction(each) || ts.isFunctionExpression(each))
  );
}

/** `expect…(`, `assert…(`, and the `then…(` of a specification, which throws. */
function isExpectation(node: ts.Node): boolean {
  return ts.isIdentifier(node) && /^(expect|assert|then[A-Z])/.test(node.text);
}
