/** Rule sets: sessions, and how far their events have come. */
import { h } from "../lib/dom.js";
import { count, several } from "../lib/format.js";
import { card, chip, empty, link, part, table, title, when } from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

export function rulesPage({ values, overview }) {
  return {
    title: "Rules",
    follow: [["rules", {}]],
    render() {
      const [all] = values;
      if (all === undefined) return [title("Rules"), h("p.note", {}, "Reading…")];
      return [
        title("Rules"),
        problemList(overview()?.problems ?? [], (subject) => menuOf(subject) === "/rules"),
        all.ruleSets.length === 0
          ? card(
              "Rule sets",
              empty(
                "No rules",
                "Rules raise alerts over what each of many does, and doesn't do in time. This runtime was opened without any.",
              ),
            )
          : card(
              "Rule sets",
              table("Rule sets", COLUMNS, all.ruleSets, ({ name }) => name),
            ),
      ];
    },
  };
}

function sessionsOf({ counts }, status) {
  return counts
    .filter((each) => each.status === status)
    .reduce((sum, each) => sum + each.sessions, 0);
}

const COLUMNS = [
  {
    title: "Name",
    cell: ({ name, version }) => [
      link(`/rules/${part(name)}`, name),
      h("span.unit", {}, ` version ${version}`),
    ],
  },
  { title: "State", cell: ({ state }) => chip(state) },
  {
    title: "Parked",
    number: true,
    cell: (set) =>
      sessionsOf(set, "parked") === 0 ? "–" : chip("parked", count(sessionsOf(set, "parked"))),
  },
  { title: "Sessions", number: true, cell: (set) => count(sessionsOf(set, "active")) },
  {
    title: "Behind",
    number: true,
    cell: ({ lagEvents }) => (lagEvents === 0 ? "0" : several(lagEvents, "event")),
  },
  { title: "Newest event", cell: ({ timeMs }) => when(timeMs) },
  {
    title: "New version",
    cell: ({ change }) =>
      change
        ? [
            chip(change.phase),
            h("span.unit", {}, ` to version ${change.version}`),
            change.error && h("p.error-text", {}, change.error.message),
          ]
        : "–",
  },
];
