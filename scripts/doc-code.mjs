// Fills the code of the docs from files that are compiled, linted and tested: nothing in a guide is typed by hand.
//
//   node scripts/doc-code.mjs            fills it in
//   node scripts/doc-code.mjs --check    says what differs, and changes nothing
//
// A marker before a block names the file, or a part of it: <!-- from: examples/profile/person.ts#update -->
// In the file, `// #region update` and `// #endregion` stand around the part. A part that is left and entered again leaves
// something out: the block has `// …` there.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";

/** Where regions may stand: all of it is compiled, and each must be shown somewhere. */
const SOURCES = "examples";
const MARKER = /^<!-- from: ([^\s#]+)(?:#(\S+))? -->$/;
const FENCE = /^( *)(`{3,}|~{3,}) *(\S*)/;
/** What may stand in a block: code of ours only as `ts`, so that no other name, or none, hides it. */
const LANGUAGES = ["ts", "sh", "text", "mermaid", "json", "sql", "yaml", "proto", "dockerfile"];
const NOT_OURS = /^(node_modules|dist|coverage|\..*)$/;

const check = process.argv.includes("--check");
const objections = [];
const shown = new Set();

function filesBelow(folder, ending) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.test(entry.name) ? [] : filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

/** Followed step by step by a test of its own, or generated. */
function isExempt(path, text) {
  return text.startsWith("<!-- followed by ") || path.startsWith("docs/reference/");
}

/** The whole file under "", each region under its name. */
function partsOf(path) {
  const whole = [];
  const parts = new Map([["", whole]]);
  const open = [];
  for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
    const [, indent, start, name] = /^( *)\/\/ #(region|endregion)\b *(\S*)$/.exec(line) ?? [];
    if (start === "region") {
      open.push(name);
      if (!parts.has(name)) parts.set(name, []);
    } else if (start === "endregion") {
      const closed = open.pop();
      if (closed === undefined) objections.push(`${path}:${index + 1} closes no region`);
      else parts.get(closed).push(`${indent}// …`);
    } else {
      whole.push(line);
      for (const each of new Set(open)) parts.get(each).push(line);
    }
  }
  if (open.length > 0) objections.push(`${path} doesn't close the region ${open.join(", ")}`);
  for (const [name, lines] of parts) if (name !== "" && !open.includes(name)) lines.pop();
  return new Map([...parts].map(([name, lines]) => [name, dedented(lines)]));
}

function dedented(lines) {
  const indents = lines.filter((line) => line.trim() !== "").map((line) => line.search(/\S/));
  const indent = Math.min(...indents);
  return lines
    .map((line) => line.slice(indent))
    .join("\n")
    .replace(/^\n+|\s+$/g, "");
}

const partsByFile = new Map(filesBelow(SOURCES, ".ts").map((path) => [path, partsOf(path)]));

/** What a marker names, as prettier would leave it in a block; or undefined and an objection. */
async function codeOf(file, region = "", at) {
  const parts = partsByFile.get(file) ?? (existsSync(file) ? partsOf(file) : undefined);
  const code = parts?.get(region);
  shown.add(`${file}#${region}`);
  if (parts === undefined) objections.push(`${at} ${file} doesn't exist`);
  else if (code === undefined) objections.push(`${at} ${file} has no region ${region}`);
  else if (code === "") objections.push(`${at} ${file}#${region} is empty`);
  else if (file.endsWith(".ts")) return await formatted(file, code);
  return code;
}

async function formatted(file, code) {
  try {
    return (await format(code, { ...(await resolveConfig(file)), parser: "typescript" })).trimEnd();
  } catch {
    // Part of an object or a chain is no program; prettier leaves it alone in the docs, too.
    return code;
  }
}

/** The text with its blocks filled. What can't be filled stays, with an objection. */
async function filled(path, text) {
  const lines = text.split("\n");
  const result = [];
  let marker;
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index];
    const at = `${path}:${index + 1}`;
    const [, indent, fence, language] = FENCE.exec(line) ?? [];
    result.push(line);
    if (fence === undefined) {
      if (line.trim() === "") continue;
      if (marker !== undefined) objections.push(`${at} a marker without a block behind it`);
      marker = MARKER.exec(line) ?? undefined;
      continue;
    }
    const end = lines.findIndex((each, below) => below > index && each.trim() === fence);
    if (end < 0) {
      objections.push(`${at} a block that doesn't end`);
      return text;
    }
    const body = lines.slice(index + 1, end);
    if (!LANGUAGES.includes(language))
      objections.push(`${at} a block of "${language}": one of ${LANGUAGES.join(", ")}`);
    if (marker === undefined && language === "ts")
      objections.push(`${at} code without a marker: <!-- from: ${SOURCES}/… -->`);
    if (marker !== undefined && indent !== "") objections.push(`${at} an indented block`);
    const code = marker && (await codeOf(marker[1], marker[2], at));
    result.push(...(code ? code.split("\n") : body), fence);
    if (check && code && code !== body.join("\n"))
      objections.push(`${at} isn't ${marker[1]}${marker[2] ? `#${marker[2]}` : ""} any more`);
    marker = undefined;
    index = end;
  }
  if (marker !== undefined) objections.push(`${path} ends with a marker`);
  return result.join("\n");
}

let blocks = 0;
for (const path of filesBelow(".", ".md")) {
  const text = readFileSync(path, "utf8");
  if (isExempt(path, text)) continue;
  const next = await filled(path, text);
  if (!check && next !== text) writeFileSync(path, next);
  blocks += [...next.matchAll(/^<!-- from: /gm)].length;
}
for (const [file, parts] of partsByFile)
  for (const name of parts.keys())
    if (name !== "" && !shown.has(`${file}#${name}`))
      objections.push(`${file} has a region ${name} that no doc shows`);

for (const objection of objections) console.error(objection);
console.log(`code in the docs: ${blocks} blocks from files, ${objections.length} objections`);
process.exitCode = objections.length === 0 ? 0 : 1;
