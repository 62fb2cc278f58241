/** A saga: its machine with where its instances are, and lists of them. */
import { look } from "../lib/api.js";
import { actionButton } from "../lib/actions.js";
import { diagram } from "../lib/diagram.js";
import { h } from "../lib/dom.js";
import { count, several } from "../lib/format.js";
import { jsonLine } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  errorText,
  idText,
  link,
  pager,
  part,
  table,
  title,
  when,
} from "../lib/parts.js";
import { pageOf, problemList } from "../lib/problems.js";

const SHOWN = 50;
const STUCK_SHOWN = 10;
const TABS = [
  ["parked", "Parked"],
  ["active", "Active"],
  ["waiting", "Waiting to begin"],
  ["done", "Done"],
  ["ended", "Ended by hand"],
];

export function sagaPage({ params, query, values, overview, draw, go }) {
  const { name } = params;
  const state = query.get("state") ?? undefined;
  const status = query.get("status") ?? undefined;
  const after = query.get("after") ?? undefined;
  let refused;
  const wanted = {
    name,
    limit: SHOWN,
    ...(state === undefined ? {} : { state }),
    ...(status === undefined ? {} : { status }),
    ...(after === undefined ? {} : { after }),
  };
  const base = `/saga/${part(name)}`;

  look("saga.refused", { name }).then(
    (found) => {
      ({ refused } = found);
      draw();
    },
    () => undefined,
  );

  return {
    title: name,
    follow: [
      ["saga.diagram", { name }],
      ["saga.instances", wanted],
      ["sagas", {}],
      ["saga.instances", { name, status: "parked", limit: STUCK_SHOWN }],
    ],
    render() {
      const [machine, found, sagas, stuck] = values;
      const saga = sagas?.sagas.find((each) => each.name === name);
      return [
        title(
          name,
          crumb("/sagas", "Sagas"),
          saga !== undefined && chip(saga.state),
          saga !== undefined &&
            h(
              "span.note",
              {},
              `version ${saga.version}${saga.lagEvents > 0 ? ` · ${several(saga.lagEvents, "event")} behind` : ""}`,
            ),
        ),
        problemList(overview()?.problems ?? [], (subject) => pageOf(subject) === base),
        h(
          "div.stack",
          { key: "all" },
          stuck !== undefined &&
            stuck.instances.length > 0 &&
            status !== "parked" &&
            stuckCard(stuck),
          card(
            "States",
            machine === undefined
              ? h("p.note", {}, "Reading…")
              : [
                  h("p.note", {}, "Press a state to list its instances."),
                  diagram(machine, state, (id) =>
                    go(id === state ? base : `${base}?state=${part(id)}`),
                  ),
                ],
          ),
          instances(found, saga),
          refused !== undefined && refused.length > 0 && refusedCard(refused),
        ),
      ];
    },
  };

  function stuckCard({ instances: parked, next: more }) {
    return h(
      "section.card",
      { key: "stuck", "aria-label": "Stuck instances" },
      h(
        "div.bar",
        {},
        h(
          "h2",
          {},
          more === undefined
            ? `Stuck: ${parked.length}`
            : `The first ${parked.length} that are stuck`,
        ),
        more !== undefined && h("a.button", { href: `#${base}?status=parked` }, "All of them"),
      ),
      table("Stuck instances", columns(name), parked, ({ instanceId }) => instanceId),
    );
  }

  function instances(found, saga) {
    const tab = (value, label, number) =>
      h(
        "a.button",
        {
          key: `tab ${value}`,
          href: `#${value === undefined ? base : `${base}?status=${value}`}`,
          "aria-current": value === status && state === undefined ? "true" : undefined,
        },
        label,
        number > 0 && h("span.unit", {}, count(number)),
      );
    const numberOf = (wantedStatus) =>
      saga?.counts
        .filter((each) => each.status === wantedStatus)
        .reduce((sum, each) => sum + each.instances, 0) ?? 0;
    const pathOf = (more) =>
      `${base}?${new URLSearchParams({
        ...(state === undefined ? {} : { state }),
        ...(status === undefined ? {} : { status }),
        ...more,
      })}`;
    return h(
      "section.card",
      { key: "instances", "aria-label": "Instances" },
      h(
        "div.bar",
        {},
        h("h2", {}, state === undefined ? "Instances" : `Instances in ${state}`),
        h(
          "div.buttons",
          {},
          tab(undefined, "All", 0),
          TABS.filter(([value]) => numberOf(value) > 0).map(([value, label]) =>
            tab(value, label, numberOf(value)),
          ),
        ),
      ),
      found === undefined
        ? h("p.note", {}, "Reading…")
        : found.instances.length === 0
          ? empty("No instance is here", "Instances appear as soon as an event starts one.")
          : table(
              "Instances",
              columns(name),
              stuckFirst(found.instances),
              ({ instanceId }) => instanceId,
            ),
      pager({
        first: after === undefined ? undefined : pathOf({}),
        next: found?.next === undefined ? undefined : pathOf({ after: found.next }),
      }),
    );
  }
}

/** Parked ones first, then those that have been where they are the longest. */
function stuckFirst(instances) {
  const rank = ({ status }) =>
    status === "parked" ? 0 : status === "active" || status === "waiting" ? 1 : 2;
  return [...instances].sort((a, b) => rank(a) - rank(b) || a.sinceMs - b.sinceMs);
}

function columns(name) {
  return [
    {
      title: "Instance",
      cell: ({ instanceId }) => link(`/saga/${part(name)}/${part(instanceId)}`, idText(instanceId)),
    },
    { title: "Status", cell: ({ status }) => chip(status) },
    { title: "State", cell: ({ state }) => (state === "" ? "–" : state) },
    { title: "Since", cell: ({ sinceMs }) => when(sinceMs) },
    {
      title: "Why",
      wide: true,
      cell: ({ problem }) => errorText(problem),
    },
    {
      title: "What to do",
      cell: ({ status, instanceId }) =>
        status === "parked" &&
        actionButton("saga.retry", { name, instanceId }, `${name}/${instanceId}`, {
          primary: true,
        }),
    },
  ];
}

function refusedCard(refused) {
  const columns = [
    { title: "Instance", cell: ({ instanceId }) => idText(instanceId ?? "–") },
    { title: "What", wide: true, cell: (each) => h("span.mono", {}, jsonLine(each, 300)) },
  ];
  return card(
    "Inputs that no instance could take",
    table("Refused inputs", columns, refused, (each) => JSON.stringify(each)),
  );
}
