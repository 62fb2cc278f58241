/** Parts that pages are made of. */
import { h } from "./dom.js";
import { age, span, time, words } from "./format.js";

const ICONS = {
  ok: "M4 10.5l4 4 8-9",
  warn: "M10 3.2L18 17H2zM10 8v4.2M10 14.6v.2",
  bad: "M10 2.5a7.5 7.5 0 100 15 7.5 7.5 0 000-15zM7 7l6 6M13 7l-6 6",
  pause: "M7 4.5v11M13 4.5v11",
  busy: "M10 3a7 7 0 107 7M17 4v4h-4",
  idle: "M5 10h10",
  park: "M7 16V4h4.2a3.4 3.4 0 010 6.8H7",
  next: "M8 4l6 6-6 6",
  back: "M12 4l-6 6 6 6",
  down: "M4 8l6 6 6-6",
  first: "M14 4l-6 6 6 6M5 4v12",
  last: "M6 4l6 6-6 6M15 4v12",
  sun: "M10 6.5a3.5 3.5 0 100 7 3.5 3.5 0 000-7zM10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M4 16l1.4-1.4M14.6 5.4L16 4",
  moon: "M16 12.2A6.8 6.8 0 017.8 4 6.8 6.8 0 1016 12.2z",
  copy: "M7 7h9v9H7zM4 13V4h9",
  lock: "M5 9h10v7.5H5zM7 9V6.5a3 3 0 016 0V9",
};

/** A drawing beside a word that says the same. */
export function icon(name) {
  return h(
    "svg.icon",
    { viewBox: "0 0 20 20", "aria-hidden": "true", focusable: "false" },
    h("path", { d: ICONS[name] }),
  );
}

/** What states mean: a tone, and a mark beside it, since not everybody sees the colour. */
const TONES = {
  live: ["ok", "ok"],
  healthy: ["ok", "ok"],
  done: ["ok", "ok"],
  connected: ["ok", "ok"],
  serving: ["ok", "ok"],
  active: ["info", "next"],
  "catching-up": ["info", "busy"],
  verifying: ["info", "busy"],
  comparing: ["info", "busy"],
  building: ["info", "busy"],
  flipping: ["info", "busy"],
  replaying: ["info", "busy"],
  "awaiting-approval": ["warn", "pause"],
  waiting: ["quiet", "pause"],
  paused: ["warn", "pause"],
  degraded: ["warn", "warn"],
  retrying: ["warn", "busy"],
  parked: ["warn", "park"],
  stopped: ["bad", "bad"],
  failed: ["bad", "bad"],
  unhealthy: ["bad", "bad"],
  disconnected: ["bad", "bad"],
  closed: ["quiet", "idle"],
  frozen: ["quiet", "idle"],
  retired: ["quiet", "idle"],
  ended: ["quiet", "idle"],
  recorded: ["quiet", "ok"],
};

export function chip(state, text = words(state)) {
  const [tone, mark] = TONES[state] ?? ["quiet", "idle"];
  return h(`span.chip.${tone}`, {}, icon(mark), text);
}

export function when(atMs) {
  return atMs === undefined || atMs === null
    ? "–"
    : h("time", { datetime: new Date(atMs).toISOString(), title: time(atMs) }, age(atMs));
}

/** A figure with its unit, and what it is of. */
export function figure(label, value, unit = "", more = undefined) {
  return h(
    "div.figure",
    { key: label },
    h("dt", {}, label),
    h(
      "dd",
      {},
      h("strong", {}, value),
      unit === "" ? undefined : h("span.unit", {}, ` ${unit}`),
      more,
    ),
  );
}

export function card(title, ...content) {
  return h("section.card", { key: `card ${title}` }, h("h2", {}, title), content);
}

/** Names with their values; rows that are false and values that are undefined are left out. */
export function facts(rows) {
  return h(
    "dl.facts",
    {},
    rows
      .filter((row) => row !== false && row[1] !== undefined && row[1] !== null)
      .map(([name, ...value]) => [
        h("dt", { key: `t${name}` }, name),
        h("dd", { key: `d${name}` }, value),
      ]),
  );
}

/** Ways to the first page and to the next one, where there are any. */
export function pager({ first, next, firstText = "First", nextText = "More" }) {
  if (first === undefined && next === undefined) return undefined;
  return h(
    "nav.buttons.pager",
    { key: "pager", "aria-label": "More of the list" },
    first !== undefined && h("a.button", { href: `#${first}` }, firstText),
    next !== undefined && h("a.button", { href: `#${next}` }, nextText),
  );
}

/** Says why there is nothing, and what would be here. */
export function empty(title, text, ...more) {
  return h("div.empty", {}, h("p.empty-title", {}, title), h("p", {}, text), more);
}

/**
 * A table. On a narrow screen each row becomes a block whose cells say what they are.
 *
 * @param columns - `{ title, cell(row), number?, wide? }`
 * @param more.detail - What is shown beneath a row; undefined for a row that is closed.
 */
export function table(label, columns, rows, keyOf, more = {}) {
  const head = columns.map(({ title, number }) =>
    h("th", { scope: "col", class: number === true ? "number" : "" }, title),
  );
  const body = rows.map((row) => {
    const detail = more.detail?.(row);
    return [
      h(
        "tr",
        { key: keyOf(row), class: more.rowClass?.(row) ?? "" },
        columns.map(({ title, cell, number, wide }) =>
          h(
            "td",
            {
              "data-title": title,
              class: [number === true ? "number" : "", wide === true ? "wide" : ""].join(" "),
            },
            h("div.cell", {}, cell(row)),
          ),
        ),
      ),
      detail !== undefined &&
        h(
          "tr.detail",
          { key: `detail ${keyOf(row)}` },
          h("td", { colspan: columns.length }, detail),
        ),
    ];
  });
  return h(
    "div.table",
    { key: `table ${label}` },
    h("table", { "aria-label": label }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)),
  );
}

export function link(path, ...content) {
  return h("a", { href: `#${path}` }, content);
}

/** A part of a path: ids may hold anything. */
export function part(text) {
  return encodeURIComponent(text);
}

const UNBROKEN_MAX = 30;

/** An id; a short one stays on its line, whatever dashes it has. */
export function idText(text) {
  return h(`span.id${String(text).length <= UNBROKEN_MAX ? ".short" : ""}`, {}, text);
}

export function streamLink(stream, version = undefined) {
  return link(
    `/stream/${part(stream)}${version === undefined ? "" : `?v=${version}`}`,
    idText(stream),
  );
}

/** The text of somebody's code, which is hidden with payloads: it may quote one. */
export function errorText(text) {
  if (text === undefined || text === null || text === "") return "–";
  return text === "(hidden)" ? hiddenPayload() : h("span.error-text", {}, text);
}

/** A timer as people say it: XState names those of states by the delay and the state. */
export function timerName(name) {
  const [, delayMs, state] = /^xstate\.after\.(\d+)\.[^.]+\.(.+)$/.exec(name) ?? [];
  return delayMs === undefined
    ? idText(name)
    : h("span", { title: name }, `after ${span(Number(delayMs))} in ${state}`);
}

/** The page's title, and where one came from. */
export function title(text, ...beside) {
  const [first, ...rest] = beside;
  // Where one came from stands above what one looks at.
  const isCrumb = first?.nodeName === "NAV";
  return h(
    "div.title",
    { key: "title" },
    isCrumb && first,
    h("h1", {}, text),
    isCrumb ? rest : beside,
  );
}

export function crumb(path, text) {
  return h("nav.crumb", { "aria-label": "Back" }, link(path, icon("back"), text));
}

export function hiddenPayload() {
  return h(
    "span.masked",
    { title: "Payloads are hidden. Whoever starts the panel shows them with showPayloads." },
    icon("lock"),
    "hidden",
  );
}

export function meter(label, value, max, text) {
  const share = max > 0 ? Math.min(1, value / max) : 0;
  return h(
    "div.meter",
    { role: "img", "aria-label": `${label}: ${text}` },
    h(
      "svg",
      { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
      h("rect.track", { width: 100, height: 6, rx: 3 }),
      h("rect.fill", { width: share * 100, height: 6, rx: 3 }),
    ),
  );
}
