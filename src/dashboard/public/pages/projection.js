/** One reader of the journal: its generations, its rebuild, what it parked, what was done to it, and its documents. */
import { look } from "../lib/api.js";
import { actionButton } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { count, rate, several, span } from "../lib/format.js";
import { jsonLine, jsonView } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  errorText,
  hiddenPayload,
  idText,
  meter,
  streamLink,
  table,
  title,
  when,
} from "../lib/parts.js";
import { pageOf, problemList } from "../lib/problems.js";
import { projectionActions, readerActions } from "../lib/reader-actions.js";

const PARKED_SHOWN = 100;
const DOCUMENTS_SHOWN = 20;

export function projectionPage({ params, values, overview, info, draw, query, replaceQuery }) {
  const { name } = params;
  let documents;
  /** Where each page of documents began that was passed. */
  let begun = [];
  let wanted = query.get("id") ?? "";
  let collection = query.get("collection") ?? undefined;

  async function loadDocuments() {
    const known = info()?.projections.find((each) => each.name === name);
    if (known === undefined) return;
    collection ??= known.collections[0];
    const input = {
      name,
      collection,
      limit: DOCUMENTS_SHOWN,
      ...(wanted === "" ? {} : { id: wanted }),
      ...(begun.length === 0 ? {} : { after: begun.at(-1) }),
    };
    documents = await look("projection.documents", input).catch((error) => ({
      problem: error.message,
    }));
    draw();
  }

  loadDocuments();
  return {
    title: name,
    follow: [
      ["projections", {}],
      ["projection.parked", { name, limit: PARKED_SHOWN }],
      ["projection.audit", { name }],
    ],
    changed: loadDocuments,
    render() {
      const [all, parked, audit] = values;
      const crumbs = crumb("/projections", "Projections");
      if (all === undefined) return [title(name, crumbs), h("p.note", {}, "Reading…")];
      const projection = all.projections.find((each) => each.name === name);
      const reader =
        all.reactors.find((each) => each.name === name) ??
        all.externals.find((each) => each.name === name);
      if (projection === undefined && reader === undefined)
        return [
          title(name, crumbs),
          card(
            "Nothing",
            empty(
              "There is no such reader",
              "It may have been renamed, or the runtime was opened without it.",
            ),
          ),
        ];
      const { state, paused } =
        projection === undefined
          ? reader
          : { ...projection.generations[0], paused: projection.paused };
      return [
        title(
          name,
          crumbs,
          chip(paused ? "paused" : state),
          projection === undefined &&
            h("span.note", {}, all.reactors.includes(reader) ? "reactor" : "into another database"),
        ),
        problemList(
          overview()?.problems ?? [],
          (subject) => pageOf(subject) === `/projection/${encodeURIComponent(name)}`,
        ),
        projection === undefined ? readerActions(reader) : projectionActions(projection),
        h(
          "div.stack",
          { key: "all" },
          projection?.rebuild !== undefined &&
            projection?.rebuild !== null &&
            rebuildCard(projection),
          generationsCard(
            projection === undefined
              ? [{ ...reader, role: "serving", generation: undefined }]
              : projection.generations,
          ),
          parkedCard(name, parked?.parked),
          projection !== undefined && documentsCard(),
          auditCard(audit?.records),
        ),
      ];
    },
  };

  function documentsCard() {
    const known = info()?.projections.find((each) => each.name === name);
    const find = (event) => {
      event.preventDefault();
      const data = new FormData(event.currentTarget);
      wanted = String(data.get("id")).trim();
      collection = String(data.get("collection") ?? collection);
      replaceQuery(
        new URLSearchParams({ ...(wanted === "" ? {} : { id: wanted }), collection }).toString(),
      );
      begun = [];
      loadDocuments();
    };
    return card(
      "Documents",
      h(
        "form.filters",
        { onSubmit: find, role: "search", "aria-label": "Find documents" },
        known !== undefined &&
          known.collections.length > 1 &&
          h(
            "div",
            { key: "collection" },
            h("label", { for: "collection" }, "Collection"),
            h(
              "select",
              { id: "collection", name: "collection", value: collection },
              known.collections.map((each) =>
                h("option", { value: each, selected: each === collection }, each),
              ),
            ),
          ),
        h(
          "div",
          { key: "id" },
          h("label", { for: "document-id" }, "Id"),
          h("input", {
            id: "document-id",
            name: "id",
            type: "search",
            value: wanted,
            placeholder: "all",
          }),
        ),
        h("div.buttons", { key: "go" }, h("button", { type: "submit" }, "Find")),
      ),
      h("p"),
      documentList(documents),
      documentPages(),
    );
  }

  function documentPages() {
    const isMore = documents?.next !== undefined;
    if (begun.length === 0 && !isMore) return undefined;
    const to = (label, pages) =>
      h(
        "button",
        {
          type: "button",
          onClick: () => {
            begun = pages;
            loadDocuments();
          },
        },
        label,
      );
    return h(
      "div.buttons.pager",
      { key: "pages", role: "group", "aria-label": "More documents" },
      begun.length > 0 && to("Back", begun.slice(0, -1)),
      isMore && to("More", [...begun, documents.next]),
      h("span.note", {}, `page ${begun.length + 1}`),
    );
  }
}

function rebuildCard({ name, rebuild, generations }) {
  const building = generations.find(({ role }) => role === "building");
  const share =
    building === undefined || building.head === 0 ? 1 : building.position / building.head;
  const percent = `${Math.floor(share * 100)} %`;
  return card(
    "New generation",
    h(
      "div.tags",
      {},
      chip(rebuild.phase),
      h("span", {}, `generation ${rebuild.generation}`),
      building !== undefined && h("span.unit", {}, leftText(building)),
    ),
    building !== undefined && [
      meter("Progress", building.position, building.head, percent),
      h(
        "p.note",
        { "aria-live": "polite" },
        `${percent}: ${count(building.position)} of ${several(building.head, "event")} handled`,
      ),
    ],
    rebuild.error !== undefined && rebuild.error !== null && h("p", {}, errorText(rebuild.error)),
    rebuild.diff !== undefined && rebuild.diff !== null && diffView(rebuild.diff, rebuild.hidden),
    rebuild.phase === "awaiting-approval" &&
      h(
        "div.buttons",
        {},
        actionButton("projection.approve", { name }, name, {
          primary: true,
          label: "Let the new one serve",
        }),
        actionButton("projection.cancelRebuild", { name }, name),
      ),
  );
}

function leftText({ secondsLeft, positionsPerSecond }) {
  if (secondsLeft === undefined || secondsLeft === null) return "";
  return secondsLeft === 0
    ? "at the head"
    : `about ${span(secondsLeft * 1_000)} left, ${rate(positionsPerSecond)} events a second`;
}

/** What readers would notice. */
function diffView(diff) {
  const same = diff.added + diff.removed + diff.changed === 0;
  return [
    h("h3", {}, "What changes for readers"),
    same
      ? h("p", {}, `Nothing: all ${several(diff.unchanged, "document")} are the same.`)
      : h(
          "p",
          {},
          `${several(diff.changed, "document")} changed, ${count(diff.added)} added, ${count(diff.removed)} removed, ${count(diff.unchanged)} the same.`,
        ),
    diff.samples.length > 0 &&
      table("Samples", DIFF_COLUMNS, diff.samples, ({ collection, id }) => `${collection} ${id}`),
  ];
}

const sideOf = (name) => (sample) =>
  sample.hidden === true ? hiddenPayload() : h("span.mono", {}, jsonLine(sample[name], 240));
const DIFF_COLUMNS = [
  { title: "Document", cell: ({ collection, id }) => idText(`${collection}/${id}`) },
  { title: "Now", wide: true, cell: sideOf("before") },
  { title: "New", wide: true, cell: sideOf("after") },
];

function generationsCard(generations) {
  const columns = [
    {
      title: "Generation",
      cell: ({ generation, role, version }) => [
        generation === undefined ? "–" : String(generation),
        h("span.unit", {}, version === undefined ? "" : ` version ${version}`),
        " ",
        chip(role),
      ],
    },
    { title: "State", cell: ({ state }) => chip(state) },
    { title: "Position", number: true, cell: ({ position }) => count(position) },
    {
      title: "Behind",
      number: true,
      cell: ({ lagEvents, lagMs }) =>
        lagEvents === 0 ? "0" : `${several(lagEvents, "event")}, ${span(lagMs)}`,
    },
    {
      title: "Speed",
      number: true,
      cell: ({ positionsPerSecond }) => `${rate(positionsPerSecond)}/s`,
    },
    { title: "Last moved", cell: ({ lastAdvanceAtMs }) => when(lastAdvanceAtMs) },
  ];
  return card(
    "Where it is",
    table("Generations", columns, generations, ({ generation, role }) => `${role} ${generation}`),
    generations.map(troubleOf),
  );
}

/** Beneath the table: what was thrown needs room. */
function troubleOf({ generation, error, state }) {
  if (error === undefined || error === null) return undefined;
  const { message, streamId, eventType, position, attempts } = error;
  return h(
    "div.trouble",
    { key: `trouble ${generation}` },
    h(
      "p",
      {},
      h(
        "strong",
        {},
        generation === undefined ? "Trouble" : `Generation ${generation}`,
        state === "stopped" ? " stopped" : "",
        ": ",
      ),
      errorText(message),
    ),
    streamId !== undefined &&
      streamId !== null &&
      h(
        "p.note",
        {},
        `${eventType} at position ${count(position)} of `,
        streamLink(streamId),
        `, tried ${several(attempts, "time")}`,
      ),
  );
}

function parkedCard(name, parked) {
  if (parked === undefined) return undefined;
  if (parked.length === 0)
    return card(
      "Parked events",
      empty(
        "Nothing is parked",
        "An event that can't be handled, and those behind it with the same key, would wait here until somebody decides.",
      ),
    );
  const columns = [
    { title: "Key", cell: ({ key }) => idText(key) },
    {
      title: "Event",
      cell: ({ eventType, position, streamId }) => [
        h("strong", {}, eventType),
        " ",
        h("span.unit", {}, `position ${count(position)} of `),
        streamLink(streamId),
      ],
    },
    {
      title: "Why",
      wide: true,
      cell: ({ queued, error, attempts }) =>
        queued
          ? h("span.unit", {}, "waits behind the one that failed")
          : [errorText(error), h("span.unit", {}, ` tried ${several(attempts, "time")}`)],
    },
    { title: "Since", cell: ({ parkedAtMs }) => when(parkedAtMs) },
    {
      title: "What to do",
      cell: ({ key, queued, position }) =>
        !queued &&
        h(
          "div.buttons",
          {},
          actionButton("projection.replayParked", { name, key }, `${name}, key ${key}`),
          actionButton(
            "projection.discardParked",
            { name, key, position },
            `${name}, ${key}, position ${position}`,
          ),
        ),
    },
  ];
  return h(
    "section.card",
    { key: "parked", "aria-label": "Parked events" },
    h(
      "div.bar",
      {},
      h(
        "h2",
        {},
        parked.length === PARKED_SHOWN
          ? `The first ${PARKED_SHOWN} parked events`
          : `Parked events: ${parked.length}`,
      ),
      h(
        "div.buttons",
        {},
        actionButton("projection.replayParked", { name }, name, {
          label: "Replay all",
          primary: true,
        }),
      ),
    ),
    h(
      "p.note",
      {},
      "They failed, or stand behind one that failed. Mend the handler, deploy it, then replay them. Everything else goes on meanwhile.",
    ),
    table("Parked events", columns, parked, ({ position }) => position),
  );
}

function documentList(documents) {
  if (documents === undefined) return h("p.note", {}, "Reading…");
  if (documents.problem !== undefined) return h("p.error-text", {}, documents.problem);
  if (documents.documents.length === 0)
    return empty("No document", "Nothing with that id, or nothing was written yet.");
  return documents.documents.map(({ id, document, hidden }) =>
    h(
      "details",
      { key: `doc ${id}`, open: documents.documents.length === 1 },
      h("summary", {}, idText(id)),
      hidden === true ? hiddenPayload() : jsonView(document),
    ),
  );
}

function auditCard(records) {
  if (records === undefined) return undefined;
  const columns = [
    { title: "When", cell: ({ atMs }) => when(atMs) },
    {
      title: "What",
      cell: ({ type }) => h("strong", {}, type.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase()),
    },
    { title: "Who", cell: ({ data }) => data?.by ?? "–" },
    { title: "Why", wide: true, cell: ({ data }) => data?.reason ?? "–" },
  ];
  return card(
    "What was done to it",
    records.length === 0
      ? empty(
          "Nothing yet",
          "Pauses, rebuilds, skips and replays are recorded here, with who did them and why.",
        )
      : table("What was done", columns, [...records].reverse(), ({ position }) => position),
  );
}
