/** Sagas: how many instances are where, stuck ones first. */
import { h } from "../lib/dom.js";
import { count, several } from "../lib/format.js";
import { card, chip, empty, link, part, table, title } from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

export function sagasPage({ values, overview }) {
  return {
    title: "Sagas",
    follow: [["sagas", {}]],
    render() {
      const [all] = values;
      if (all === undefined) return [title("Sagas"), h("p.note", {}, "Reading…")];
      return [
        title("Sagas"),
        problemList(overview()?.problems ?? [], (subject) => menuOf(subject) === "/sagas"),
        all.sagas.length === 0
          ? card(
              "Sagas",
              empty(
                "No sagas",
                "A saga takes several steps over time: paying, packing, shipping. This runtime was opened without one.",
              ),
            )
          : card(
              "Sagas",
              table(
                "Sagas",
                COLUMNS,
                [...all.sagas].sort((a, b) => numberOf(b, "parked") - numberOf(a, "parked")),
                ({ name }) => name,
              ),
            ),
      ];
    },
  };
}

function numberOf({ counts }, status) {
  return counts
    .filter((each) => each.status === status)
    .reduce((sum, each) => sum + each.instances, 0);
}

const COLUMNS = [
  {
    title: "Name",
    cell: ({ name, version }) => [
      link(`/saga/${part(name)}`, name),
      h("span.unit", {}, ` version ${version}`),
    ],
  },
  { title: "State", cell: ({ state }) => chip(state) },
  {
    title: "Parked",
    number: true,
    cell: (saga) =>
      numberOf(saga, "parked") === 0 ? "–" : chip("parked", count(numberOf(saga, "parked"))),
  },
  { title: "Active", number: true, cell: (saga) => count(numberOf(saga, "active")) },
  { title: "Done", number: true, cell: (saga) => count(numberOf(saga, "done")) },
  { title: "Ended by hand", number: true, cell: (saga) => count(numberOf(saga, "ended")) },
  {
    title: "Behind",
    number: true,
    cell: ({ lagEvents }) => (lagEvents === 0 ? "0" : several(lagEvents, "event")),
  },
  {
    title: "Refused inputs",
    number: true,
    cell: ({ refused }) => (refused === 0 ? "–" : count(refused)),
  },
];
