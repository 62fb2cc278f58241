/** Who did what, when and why. */
import { h } from "../lib/dom.js";
import { jsonLine } from "../lib/json-view.js";
import { card, chip, empty, table, title, when, idText } from "../lib/parts.js";

const SHOWN = 100;

export function auditPage({ query, values }) {
  const before = query.get("before") ?? undefined;
  return {
    title: "Audit",
    follow: [
      ["audit", { limit: SHOWN, ...(before === undefined ? {} : { before: Number(before) }) }],
    ],
    render() {
      const [found] = values;
      if (found === undefined) return [title("Audit"), h("p.note", {}, "Reading…")];
      return [
        title("Audit"),
        card(
          "What operators did",
          found.entries.length === 0
            ? empty(
                "Nobody changed anything",
                "Every change through the panel, the command line or a program is recorded here, with who asked and why.",
              )
            : table("What operators did", COLUMNS, found.entries, ({ position }) => position),
          found.next !== undefined &&
            h("div.buttons", {}, h("a.button", { href: `#/audit?before=${found.next}` }, "Older")),
        ),
      ];
    },
  };
}

const COLUMNS = [
  { title: "When", cell: ({ atMs }) => when(atMs) },
  { title: "What", cell: ({ what }) => h("strong", {}, said(what)) },
  { title: "To", cell: ({ subject }) => idText(subject) },
  {
    title: "Who",
    cell: ({ by, via }) => [by ?? "–", via !== undefined && h("span.unit", {}, ` by ${via}`)],
  },
  { title: "Why", wide: true, cell: ({ reason }) => reason ?? "–" },
  { title: "Outcome", cell: ({ outcome }) => chip(outcome) },
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
