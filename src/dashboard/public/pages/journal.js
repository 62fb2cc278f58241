/** Everything that was recorded: searched, page by page, or as it comes. */
import { look } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { dataLine, dataView } from "../lib/event-view.js";
import { count, several, time } from "../lib/format.js";
import { jsonView } from "../lib/json-view.js";
import {
  card,
  empty,
  facts,
  hiddenPayload,
  icon,
  idText,
  link,
  part,
  streamLink,
  table,
  title,
  when,
} from "../lib/parts.js";

const PAGE = 50;
const SHOWN_MAX = 300;
const LIST = (text) =>
  text === null
    ? undefined
    : text
        .split(",")
        .map((each) => each.trim())
        .filter((each) => each !== "");

function filterOf(query) {
  const moment = (name) => (query.get(name) ? Date.parse(`${query.get(name)}Z`) : undefined);
  const filter = {
    text: query.get("text") || undefined,
    types: LIST(query.get("types")),
    streamTypes: LIST(query.get("of")),
    correlationId: query.get("correlation") || undefined,
    withoutOwn: query.get("own") === "no" || undefined,
    fromMs: moment("from"),
    toMs: moment("to"),
  };
  return JSON.parse(JSON.stringify(filter));
}

export function journalPage({ query, draw, go, overview }) {
  const filter = filterOf(query);
  const isLive = query.get("live") !== "no" && !query.has("before");
  let found;
  let problem;
  let streams;
  // What came before the list did.
  let early = [];
  /** Positions of events whose details are shown. */
  const opened = new Set();

  function toggle(position) {
    if (!opened.delete(position)) opened.add(position);
    draw();
  }

  async function load() {
    const before = query.has("before") ? { before: Number(query.get("before")) } : {};
    try {
      found = await look("events", { ...filter, ...before, direction: "backward", limit: PAGE });
      problem = undefined;
      add(early);
      early = [];
    } catch (error) {
      problem = error;
    }
    draw();
  }

  /** The list was looked for up to its head: what is behind that is new. */
  function add(events) {
    const fresh = events.filter(({ position }) => position > found.head);
    if (fresh.length === 0) return;
    const head = fresh.at(-1).position;
    found = { ...found, head, events: [...fresh.reverse(), ...found.events].slice(0, SHOWN_MAX) };
  }

  async function findStreams() {
    const prefix = query.get("text") ?? "";
    if (prefix === "") return;
    try {
      ({ streams } = await look("streams", { prefix, limit: 8 }));
    } catch {
      // A hint only: the list below says what went wrong.
    }
    draw();
  }

  const page = {
    title: "Journal",
    // From the head on; what is older is asked for once.
    follow: isLive ? [["events", { ...filter, after: overview()?.head ?? 0, limit: PAGE }]] : [],
    value(_index, { events }) {
      if (found === undefined) early.push(...events);
      else add(events);
    },
    render: () => [
      title(
        "Journal",
        h(
          "span.note",
          {},
          found === undefined ? "" : several(overview()?.head ?? found.head, "event"),
        ),
      ),
      h(
        "div.stack",
        { key: "all" },
        filters(query, go),
        streams !== undefined && streams.length > 0 && streamHits(streams),
        list(),
      ),
    ],
  };

  function list() {
    if (problem !== undefined)
      return card("Events", empty("That can't be searched", problem.message));
    if (found === undefined) return card("Events", h("p.note", {}, "Reading…"));
    const isFiltered = Object.keys(filter).length > 0;
    const { events } = found;
    return h(
      "section.card",
      { key: "events", "aria-label": "Events" },
      h(
        "div.bar",
        {},
        h(
          "h2",
          {},
          query.has("before")
            ? `Before position ${count(Number(query.get("before")))}`
            : "Newest first",
        ),
        h("div.switches", {}, ownSwitch(), liveSwitch()),
      ),
      events.length === 0
        ? empty(
            isFiltered ? "No event fits" : "Nothing is recorded yet",
            isFiltered
              ? "Take away a filter, or look further back."
              : "Events appear here as soon as a command is accepted.",
          )
        : table("Events", columns(opened, toggle), events, ({ position }) => position, {
            rowClass: ({ position }) => (opened.has(position) ? "opened" : ""),
            detail: (event) => (opened.has(event.position) ? detailsOf(event) : undefined),
          }),
      pager(),
    );
  }

  function ownSwitch() {
    const next = new URLSearchParams(query);
    if (filter.withoutOwn) next.delete("own");
    else next.set("own", "no");
    return h(
      "label.check",
      {},
      h("input", {
        type: "checkbox",
        id: "own",
        checked: filter.withoutOwn === true,
        onChange: () => go(`/journal?${next}`),
      }),
      "hide Tidemark's own",
    );
  }

  function liveSwitch() {
    const next = new URLSearchParams(query);
    if (isLive) next.set("live", "no");
    else {
      next.delete("live");
      next.delete("before");
    }
    return h(
      "label.check",
      {},
      h("input", {
        type: "checkbox",
        id: "live",
        checked: isLive,
        onChange: () => go(`/journal?${next}`),
      }),
      "show new events as they come",
    );
  }

  function pager() {
    const older = new URLSearchParams(query);
    if (found.next !== undefined) older.set("before", String(found.next));
    const newest = new URLSearchParams(query);
    newest.delete("before");
    return h(
      "div.buttons",
      {},
      query.has("before") && h("a.button", { href: `#/journal?${newest}` }, "Newest"),
      found.next !== undefined &&
        h("a.button", { href: `#/journal?${older}`, id: "older" }, "Older"),
      found.next === undefined &&
        found.events.length > 0 &&
        h("span.note", {}, "That is the beginning of the journal."),
    );
  }

  load();
  findStreams();
  return page;
}

function columns(opened, toggle) {
  return [
    {
      title: "Details",
      cell: ({ position, type }) =>
        h(
          "button.bare",
          {
            type: "button",
            "aria-expanded": opened.has(position) ? "true" : "false",
            "aria-label": `Details of ${type} at position ${position}`,
            onClick: () => toggle(position),
          },
          icon(opened.has(position) ? "down" : "next"),
        ),
    },
    ...COLUMNS,
  ];
}

function detailsOf(event) {
  const { stream, version, correlationId, causationId, headers, hidden } = event;
  return h(
    "div.grid",
    {},
    h(
      "div",
      {},
      facts([
        ["Recorded", time(event.recordedAtMs)],
        ["Stream", streamLink(stream, version)],
        ["Version", count(version)],
        ["Correlation", link(`/journal?correlation=${part(correlationId)}`, idText(correlationId))],
        ["Caused by", causationId && idText(causationId)],
        ["Shape", String(event.shape)],
      ]),
    ),
    h(
      "div",
      {},
      h("h3", {}, "Data"),
      dataView(event),
      headers !== undefined && [
        h("h3", {}, "Headers"),
        hidden ? hiddenPayload() : jsonView(headers),
      ],
    ),
  );
}

const COLUMNS = [
  { title: "Position", number: true, cell: ({ position }) => count(position) },
  { title: "When", cell: ({ recordedAtMs }) => when(recordedAtMs) },
  {
    title: "Stream",
    cell: ({ stream, version }) => [
      streamLink(stream, version),
      h("span.unit", {}, ` v${version}`),
    ],
  },
  {
    title: "Event",
    cell: ({ type }) => h(/^(saga|rules)\./.test(type) ? "span.unit" : "strong", {}, type),
  },
  { title: "Data", wide: true, cell: (event) => h("div.one-line", {}, dataLine(event)) },
];

function streamHits(streams) {
  return card(
    "Streams that begin like that",
    h(
      "div.tags",
      {},
      streams.map(({ stream, version }) =>
        h("span", { key: stream }, streamLink(stream), h("span.unit", {}, ` v${version}`)),
      ),
    ),
  );
}

function filters(query, go) {
  const field = (name, label, more = {}) =>
    h(
      "div",
      { key: name },
      h("label", { for: `f-${name}` }, label),
      h("input", {
        id: `f-${name}`,
        name,
        type: "text",
        autocomplete: "off",
        value: query.get(name) ?? "",
        ...more,
      }),
    );
  const form = h(
    "form.card",
    {
      key: "filters",
      role: "search",
      "aria-label": "Search the journal",
      onSubmit: (event) => {
        event.preventDefault();
        const wanted = new URLSearchParams(query.get("own") === "no" ? { own: "no" } : {});
        for (const [name, value] of new FormData(event.currentTarget))
          if (String(value).trim() !== "") wanted.set(name, String(value).trim());
        go(`/journal?${wanted}`);
      },
    },
    h(
      "div.filters",
      {},
      field("text", "Text or stream id", { type: "search", placeholder: "order/4711" }),
      field("types", "Event types", { placeholder: "OrderPlaced, OrderPaid" }),
      field("of", "Kinds of streams", { placeholder: "order, payment" }),
      field("correlation", "Correlation"),
      field("from", "From (UTC)", { type: "datetime-local" }),
      field("to", "Until (UTC)", { type: "datetime-local" }),
      h(
        "div.buttons",
        { key: "go" },
        h("button.primary", { type: "submit" }, "Search"),
        [...query.keys()].length > 0 && h("a.button", { href: "#/journal" }, "Show all"),
      ),
    ),
  );
  return form;
}
