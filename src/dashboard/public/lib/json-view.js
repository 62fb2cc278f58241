/** Plain data as an outline that opens and closes; every value is text. */
import { h } from "./dom.js";

const OPEN_DEPTH = 2;
const ITEMS_MAX = 200;
const TEXT_MAX = 2_000;

export function jsonView(value, depth = 0) {
  if (depth > 40) return h("span", {}, "…");
  const tagged = taggedText(value);
  if (tagged !== undefined) return h("span.json-value", {}, tagged);
  if (typeof value !== "object" || value === null) return scalar(value);
  const entries = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  if (entries.length === 0) return h("span.json-value", {}, Array.isArray(value) ? "[ ]" : "{ }");
  if (depth > 0 && isSmall(entries)) return inline(value, entries);
  const list = h(
    "dl.json",
    {},
    entries
      .slice(0, ITEMS_MAX)
      .map(([name, item]) =>
        h(
          "div",
          { key: `k${name}` },
          h("dt", {}, String(name)),
          h("dd", {}, jsonView(item, depth + 1)),
        ),
      ),
    entries.length > ITEMS_MAX && h("div", {}, h("dt", {}, `… ${entries.length - ITEMS_MAX} more`)),
  );
  if (depth === 0) return list;
  return h(
    "details.json-more",
    { open: depth <= OPEN_DEPTH },
    h("summary", {}, sizeOf(value, entries.length)),
    list,
  );
}

const SMALL_FIELDS = 5;
const SMALL_TEXT = 30;

/** A few short values: a line is easier to read than a tree of it. */
function isSmall(entries) {
  return entries.length <= SMALL_FIELDS && entries.every(([, item]) => isShort(item));
}

function isShort(item) {
  const text = typeof item === "string" ? item : taggedText(item);
  return text === undefined ? typeof item !== "object" || item === null : text.length <= SMALL_TEXT;
}

function inline(value, entries) {
  const isList = Array.isArray(value);
  return h(
    "span.json-line",
    {},
    entries.map(([name, item]) =>
      h(
        "span.json-pair",
        { key: `p${name}` },
        isList ? undefined : h("span.json-name", {}, `${name} `),
        jsonView(item, 1),
      ),
    ),
  );
}

function sizeOf(value, length) {
  if (Array.isArray(value)) return length === 1 ? "1 item" : `${length} items`;
  return length === 1 ? "1 field" : `${length} fields`;
}

function scalar(value) {
  if (typeof value === "string")
    return h(
      "span.json-text",
      {},
      value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}…` : value,
    );
  return h("span.json-value", {}, String(value));
}

/** What JSON has no form for comes as an object with one key: `{ "$date": "…" }`. */
function taggedText(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [[tag, text] = [], ...more] = Object.entries(value);
  if (more.length > 0 || typeof text !== "string") return undefined;
  if (tag === "$bytes") return `${Math.floor((text.length * 3) / 4)} bytes`;
  return tag === "$date" || tag === "$bigint" || tag === "$number" ? text : undefined;
}

/** One line: for tables. */
export function jsonLine(value, max = 160) {
  if (value === undefined) return "–";
  const text = taggedText(value) ?? (typeof value === "string" ? value : JSON.stringify(value));
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
