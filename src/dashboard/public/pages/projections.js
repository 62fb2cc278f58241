/** Projections, reactors and external projections: where each is, and what keeps it. */
import { h } from "../lib/dom.js";
import { count, rate, several, span } from "../lib/format.js";
import { card, chip, empty, errorText, link, part, table, title } from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

const IS_READER = (subject) => menuOf(subject) === "/projections";

export function projectionsPage({ values, overview }) {
  return {
    title: "Projections",
    follow: [["projections", {}]],
    render() {
      const [all] = values;
      if (all === undefined) return [title("Projections"), h("p.note", {}, "Reading…")];
      const { projections, reactors, externals } = all;
      return [
        title("Projections"),
        problemList(overview()?.problems ?? [], IS_READER),
        h(
          "div.stack",
          { key: "all" },
          card(
            "Projections",
            projections.length === 0
              ? empty(
                  "No projections",
                  "A projection keeps a view of the journal that can be queried. This runtime was opened without one.",
                )
              : table("Projections", COLUMNS, projections.map(row), ({ name }) => name, TROUBLE),
          ),
          reactors.length > 0 &&
            card(
              "Reactors",
              table("Reactors", READER_COLUMNS, reactors, ({ name }) => name, TROUBLE),
            ),
          externals.length > 0 &&
            card(
              "Into other databases",
              table("External projections", READER_COLUMNS, externals, ({ name }) => name, TROUBLE),
            ),
        ),
      ];
    },
  };
}

/** A projection by the generation that serves. */
function row(projection) {
  const [serving] = projection.generations;
  return { ...serving, ...projection };
}

const name = { title: "Name", cell: (row) => link(`/projection/${part(row.name)}`, row.name) };
const STANDING = [
  { title: "State", cell: ({ state, paused }) => chip(paused ? "paused" : state) },
  { title: "Position", number: true, cell: ({ position }) => count(position) },
  {
    title: "Behind",
    number: true,
    cell: ({ lagEvents, lagMs }) =>
      lagEvents === 0 ? "0" : [several(lagEvents, "event"), h("span.unit", {}, `, ${span(lagMs)}`)],
  },
  {
    title: "Speed",
    number: true,
    cell: ({ positionsPerSecond }) => `${rate(positionsPerSecond)}/s`,
  },
  {
    title: "Parked",
    number: true,
    cell: ({ parked }) => (parked === 0 ? "–" : chip("parked", count(parked))),
  },
  { title: "Skipped", number: true, cell: ({ skipped }) => (skipped === 0 ? "–" : count(skipped)) },
];
/** Beneath the row: what was thrown needs room. */
const TROUBLE = {
  rowClass: ({ error }) => (error?.message === undefined ? "" : "opened"),
  detail: ({ error }) => (error?.message === undefined ? undefined : errorText(error.message)),
};
const READER_COLUMNS = [name, ...STANDING];
const COLUMNS = [
  name,
  ...STANDING,
  {
    title: "New generation",
    cell: ({ rebuild, generations }) =>
      rebuild === undefined || rebuild === null
        ? "–"
        : [chip(rebuild.phase), " ", progressText(generations)],
  },
];

function progressText(generations) {
  const building = generations.find(({ role }) => role === "building");
  return building === undefined || building.head === 0
    ? ""
    : `${Math.floor((building.position / building.head) * 100)} %`;
}
