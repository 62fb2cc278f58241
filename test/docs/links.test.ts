/** Every relative link in a document leads to a file, and its anchor to a heading there; and the index names every guide. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

interface Document {
  readonly path: string;
  readonly text: string;
}

const documents = execFileSync(
  "git",
  ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "*.md"],
  { encoding: "utf8" },
)
  .split("\0")
  .filter((path) => path !== "" && existsSync(path))
  .map((path): Document => ({ path, text: readFileSync(path, "utf8") }));

describe("links in documents", () => {
  it("lead to files that are there, and to headings in them", () => {
    expect(documents.map(({ path }) => path)).toContain("docs/README.md");
    expect(documents.flatMap(brokenLinks)).toEqual([]);
  });

  it.each([
    ["[a](nowhere.md)", "nowhere.md is not there"],
    ["![a](<nowhere.svg>)", "nowhere.svg is not there"],
    ["one ` and\n\n[a](nowhere.md)\n\n` another", "nowhere.md is not there"],
    ["[a]: ../nowhere.md", "../nowhere.md is not there"],
    ["[a](#nowhere)", "#nowhere: no such heading"],
    ["[a](guides/sagas.md#nowhere)", "guides/sagas.md#nowhere: no such heading"],
    ["# A\n\n```sh\n# B\n```\n\n[a](#b)", "#b: no such heading"],
    ["[a](../package.json#name)", "../package.json#name: no such heading"],
  ])("are missed where they lead nowhere: %j", (text, what) => {
    expect(brokenLinks({ path: "docs/sample.md", text })).toEqual([`docs/sample.md: ${what}`]);
  });

  it.each([
    "[a](https://example.org/nowhere.md) [b](mailto:a@example.org)",
    "[a](../README.md#what-it-promises) ![b](performance/durable-commands.svg) [c](decisions/)",
    "# One `two`: [three](start.md), four?\n\n[a](#one-two-three-four)",
    "# Twice\n\n## Twice\n\n[a](#twice-1)",
    "`[a](nowhere.md)`\n\n```md\n[a](nowhere.md)\n```",
  ])("are left alone where they lead somewhere, or aren't links of ours: %j", (text) => {
    expect(brokenLinks({ path: "docs/sample.md", text })).toEqual([]);
  });
});

describe("the index of the documents", () => {
  it("names every guide", () => {
    const index = linksIn(readFileSync("docs/README.md", "utf8"));
    const guides = readdirSync("docs/guides").map((name) => `guides/${name}`);
    expect(guides.filter((guide) => !index.includes(guide))).toEqual([]);
  });
});

function brokenLinks({ path, text }: Document): string[] {
  return linksIn(text).flatMap((link) => {
    if (/^[a-z]+:/i.test(link)) return [];
    const [target = "", anchor] = link.split("#");
    const file = target === "" ? path : normalize(join(dirname(path), decodeURI(target)));
    if (target !== "" && !existsSync(file)) return [`${path}: ${link} is not there`];
    if (anchor === undefined) return [];
    const inFile = target === "" ? text : textOf(file);
    return anchorsIn(inFile).includes(anchor) ? [] : [`${path}: ${link}: no such heading`];
  });
}

/** Only documents have headings. */
function textOf(file: string): string {
  return file.endsWith(".md") && statSync(file).isFile() ? readFileSync(file, "utf8") : "";
}

/** `[a](link)`, `![a](link "title")`, `[a](<link>)` and `[a]: link`, outside of code. */
function linksIn(text: string): string[] {
  const prose = withoutFences(text).replace(/(`+)[^`](?:(?!\n\n)[^])*?\1/g, "code");
  const links = prose.matchAll(/\]\(\s*<?([^\s<>)]+)>?[^)]*\)|^\[[^\]]+\]:\s+<?([^\s<>]+)/gm);
  return [...links].map(([, inline, defined]) => inline ?? defined ?? "");
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces, a number from the second one on. */
function anchorsIn(text: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutFences(text).matchAll(/^#{1,6}\s+(.*)$/gm)].map(([, heading = ""]) => {
    const slug = heading
      .trim()
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
    const nth = seen.get(slug) ?? 0;
    seen.set(slug, nth + 1);
    return nth === 0 ? slug : `${slug}-${nth}`;
  });
}

function withoutFences(text: string): string {
  return text.replace(/^(\s*)(`{3,}|~{3,})[^]*?^\s*\2.*$/gm, "");
}
