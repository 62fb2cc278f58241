/** A stream, version by version: what happened, what it changed, and the state it led to. */
import { look } from "../lib/api.js";
import { toast } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { changeList, dataView } from "../lib/event-view.js";
import { count, several, time } from "../lib/format.js";
import { jsonView } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  hiddenPayload,
  icon,
  link,
  part,
  table,
  title,
  when,
  idText,
} from "../lib/parts.js";

const AROUND = 20;
const KINDS = {
  aggregate: "an entity",
  saga: "an instance of a saga",
  rules: "a session of rules",
  tidemark: "a record of Tidemark's own",
  other: "of no definition that is open here",
};

export function streamPage({ params, query, draw, replaceQuery, values }) {
  const { stream } = params;
  let version = query.has("v") ? Number(query.get("v")) : undefined;
  let entry;
  let state;
  let near = [];
  let problem;
  let asked = 0;

  const latest = () => values[0];
  const first = () => latest()?.truncatedBefore ?? 1;

  async function load() {
    asked += 1;
    const mine = asked;
    const at = version;
    try {
      const from = Math.max(first(), at - Math.floor(AROUND / 2));
      const [{ entries }, then] = await Promise.all([
        look("timeline", { stream, from, limit: AROUND }),
        look("state", { stream, at: { version: at } }).catch((error) => ({
          problem: error.message,
        })),
      ]);
      // One who slides fast is shown where they are, not where they were.
      if (mine !== asked) return;
      near = entries;
      entry = entries.find(({ event }) => event.version === at);
      state = then;
      problem = undefined;
    } catch (error) {
      if (mine === asked) problem = error;
    }
    draw();
  }

  function show(wanted) {
    version = Math.min(Math.max(wanted, first()), latest().version);
    replaceQuery(`v=${version}`);
    load();
    draw();
  }

  function slider() {
    const { version: last } = latest();
    const isOldest = version <= first();
    const isNewest = version >= last;
    return h(
      "div.slider",
      { key: "slider" },
      h(
        "button",
        {
          type: "button",
          "aria-label": "One version back",
          "aria-disabled": isOldest ? "true" : undefined,
          onClick: () => show(version - 1),
        },
        icon("back"),
      ),
      h("input", {
        type: "range",
        id: "version",
        min: first(),
        max: last,
        value: version,
        "aria-label": "Version",
        "aria-valuetext": `version ${version} of ${last}`,
        onInput: (event) => show(Number(event.currentTarget.value)),
      }),
      h(
        "button",
        {
          type: "button",
          "aria-label": "One version on",
          "aria-disabled": isNewest ? "true" : undefined,
          onClick: () => show(version + 1),
        },
        icon("next"),
      ),
    );
  }

  function eventCard() {
    if (entry === undefined) return card("What happened", h("p.note", {}, "Reading…"));
    const { event } = entry;
    return card(
      "What happened",
      h("p", {}, h("strong", {}, event.type), " ", when(event.recordedAtMs)),
      h(
        "dl.facts",
        {},
        [
          ["Position", count(event.position)],
          ["Recorded", time(event.recordedAtMs)],
          [
            "Correlation",
            link(`/journal?correlation=${part(event.correlationId)}`, idText(event.correlationId)),
          ],
          ["Caused by", idText(event.causationId ?? "–")],
        ].map(([name, value]) => [
          h("dt", { key: `t${name}` }, name),
          h("dd", { key: `d${name}` }, value),
        ]),
      ),
      h("h3", {}, "Data"),
      dataView(event),
    );
  }

  return {
    title: stream,
    follow: [["stream", { stream }]],
    value(_index, info) {
      // It follows the newest as long as nobody chose one.
      if (version === undefined || version > info.version) version = info.version;
      if (entry === undefined && info.version > 0) load();
    },
    render() {
      const info = latest();
      const head = crumb("/journal", "Journal");
      if (info === undefined) return [title(stream, head), h("p.note", {}, "Reading…")];
      if (info.version === 0)
        return [
          title(stream, head),
          card(
            "Nothing",
            empty(
              "Nothing is recorded of it",
              "No event has this stream id. Ids are exact: order/4711 is another than Order/4711.",
            ),
          ),
        ];
      return [
        title(
          stream,
          head,
          chip("active", info.kind),
          h(
            "span.note",
            {},
            `${KINDS[info.kind]} · ${several(info.version, "version")} · last change `,
            when(info.last?.recordedAtMs),
          ),
        ),
        h(
          "div.stack",
          { key: "all" },
          h(
            "section.card",
            { "aria-label": "Version" },
            h(
              "div.bar",
              {},
              h(
                "h2",
                { "aria-live": "polite" },
                `Version ${count(version)} of ${count(info.version)}`,
              ),
              h(
                "div.buttons",
                {},
                h(
                  "button",
                  { type: "button", id: "permalink", onClick: copyLink },
                  icon("copy"),
                  "Copy the link",
                ),
                version < info.version &&
                  h("button", { type: "button", onClick: () => show(info.version) }, "Newest"),
              ),
            ),
            slider(),
            info.truncatedBefore !== undefined &&
              h(
                "p.note",
                {},
                `What was before version ${count(info.truncatedBefore)} is in an archive.`,
              ),
          ),
          problem !== undefined && card("It can't be read", h("p.error-text", {}, problem.message)),
          h(
            "div.grid",
            {},
            h(
              "div.stack",
              {},
              eventCard(),
              card(
                "What it changed",
                entry === undefined
                  ? h("p.note", {}, "Reading…")
                  : changeList(entry.changes, entry.hidden),
              ),
            ),
            stateCard(state, version),
          ),
          card(
            "Around it",
            table("Versions around it", columns(show), near, ({ event }) => event.version, {
              rowClass: ({ event }) => (event.version === version ? "chosen" : ""),
            }),
          ),
        ),
      ];
    },
  };
}

function columns(show) {
  return [
    {
      title: "Version",
      number: true,
      cell: ({ event }) =>
        h(
          "button.bare",
          {
            type: "button",
            "aria-label": `Show version ${event.version}`,
            onClick: () => show(event.version),
          },
          count(event.version),
        ),
    },
    { title: "When", cell: ({ event }) => when(event.recordedAtMs) },
    { title: "Event", cell: ({ event }) => h("strong", {}, event.type) },
    {
      title: "Changed",
      wide: true,
      cell: ({ changes }) =>
        changes.length === 0
          ? h("span.unit", {}, "nothing")
          : h(
              "span.mono",
              {},
              changes
                .slice(0, 4)
                .map(({ path }) => path || "(all)")
                .join(", "),
              changes.length > 4 ? ` and ${changes.length - 4} more` : "",
            ),
    },
  ];
}

function stateCard(state, version) {
  if (state === undefined) return card("State", h("p.note", {}, "Reading…"));
  if (state.problem !== undefined) return card("State", empty("It has none here", state.problem));
  return card(
    "State",
    h("p.note", {}, `after version ${count(version)}`),
    state.hidden === true
      ? hiddenPayload()
      : state.state === undefined
        ? h("p.note", {}, "Nothing folds this stream here.")
        : jsonView(state.state),
  );
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(location.href);
    toast(
      "The link is in the clipboard. It holds no token: whoever opens it needs their own.",
      "ok",
    );
  } catch {
    toast("The browser doesn't allow copying; take it from the address line.", "warn");
  }
}
