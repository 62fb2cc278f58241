/** Who did what, when and why. */
import { h } from "../lib/dom.js";
import { jsonLine } from "../lib/json-view.js";
import { card, chip, empty, idText, pager, table, title, when } from "../lib/parts.js";

const SHOWN = 100;

const OUTCOMES = ["done", "failed", "unfinished", "recorded"];

export function auditPage({ query, values, go }) {
  const before = query.get("before") ?? undefined;
  const filter = Object.fromEntries(
    ["what", "by", "outcome"]
      .map((name) => [name, query.get(name) ?? ""])
      .filter(([, value]) => value !== ""),
  );
  const isFiltered = Object.keys(filter).length > 0;
  const pathOf = (more) => `/audit?${new URLSearchParams({ ...filter, ...more })}`;
  return {
    title: "Audit",
    follow: [
      [
        "audit",
        { ...filter, limit: SHOWN, ...(before === undefined ? {} : { before: Number(before) }) },
      ],
    ],
    render() {
      const [found] = values;
      return [
        title("Audit"),
        h(
          "div.stack",
          { key: "all" },
          filters(query, go, isFiltered),
          card(
            "What operators did",
            found === undefined ? h("p.note", {}, "Reading…") : list(found),
          ),
        ),
      ];
    },
  };

  function list({ entries, next }) {
    return [
      entries.length > 0
        ? table("What operators did", COLUMNS, entries, ({ position }) => position)
        : isFiltered || before !== undefined
          ? empty(
              "Nothing here fits",
              next === undefined
                ? "Take away a filter."
                : "Take away a filter, or look further back.",
            )
          : empty(
              "Nobody changed anything",
              "Every change through the panel, the command line or a program is recorded here, with who asked and why.",
            ),
      pager({
        first: before === undefined ? undefined : pathOf({}),
        next: next === undefined ? undefined : pathOf({ before: next }),
        firstText: "Newest",
        nextText: "Older",
      }),
    ];
  }
}

function filters(query, go, isFiltered) {
  const search = (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams();
    for (const [name, value] of new FormData(event.currentTarget))
      if (String(value).trim() !== "") wanted.set(name, String(value).trim());
    go(`/audit?${wanted}`);
  };
  const field = (name, label, placeholder) =>
    h(
      "div",
      { key: name },
      h("label", { for: `f-${name}` }, label),
      h("input", {
        id: `f-${name}`,
        name,
        type: "search",
        autocomplete: "off",
        value: query.get(name) ?? "",
        placeholder,
      }),
    );
  return h(
    "form.card",
    { key: "filters", role: "search", "aria-label": "Search the audit log", onSubmit: search },
    h(
      "div.filters",
      {},
      field("what", "What was done", "rebuild"),
      field("by", "Who", "grace"),
      h(
        "div",
        { key: "outcome" },
        h("label", { for: "f-outcome" }, "Outcome"),
        h(
          "select",
          { id: "f-outcome", name: "outcome" },
          h("option", { value: "" }, "any"),
          OUTCOMES.map((each) =>
            h("option", { value: each, selected: each === query.get("outcome") }, each),
          ),
        ),
      ),
      h(
        "div.buttons",
        { key: "go" },
        h("button.primary", { type: "submit" }, "Search"),
        isFiltered && h("a.button", { href: "#/audit" }, "Show all"),
      ),
    ),
  );
}

const COLUMNS = [
  { title: "When", cell: ({ atMs }) => when(atMs) },
  {
    title: "What",
    cell: ({ what, detail }) => [
      h("strong", {}, said(what)),
      detail?.dryRun === true && h("span.unit", {}, " looked only"),
    ],
  },
  { title: "To", cell: ({ subject }) => idText(subject) },
  {
    title: "Who",
    cell: ({ by, via }) => [by ?? "–", via !== undefined && h("span.unit", {}, ` by ${via}`)],
  },
  { title: "Why", wide: true, cell: ({ reason }) => reason ?? "–" },
  {
    title: "Outcome",
    cell: ({ outcome, code }) => [chip(outcome), code !== undefined && h("div.note", {}, code)],
  },
  {
    title: "More",
    wide: true,
    cell: ({ detail }) => (detail === undefined ? "–" : h("span.mono", {}, jsonLine(detail))),
  },
];

/** `RulesInstalled` as people say it; an operation keeps its name, by which it is found in the reference. */
function said(what) {
  return what.includes(".") ? what : what.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}
