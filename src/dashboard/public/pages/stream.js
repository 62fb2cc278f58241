/** A stream, version by version: what happened, what it changed, and the state it led to. */
import { look } from "../lib/api.js";
import { actionButton, toast } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { changeList, dataView } from "../lib/event-view.js";
import { count, several, time } from "../lib/format.js";
import { jsonView } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  facts,
  hiddenPayload,
  icon,
  link,
  part,
  table,
  title,
  when,
  idText,
} from "../lib/parts.js";
import { nameField, nameOfId } from "../lib/written.js";

const AROUND = 20;
const KINDS = {
  aggregate: "an entity",
  saga: "an instance of a saga",
  rules: "a session of rules",
  tidemark: "a record of Tidemark's own",
  other: "of no definition that is open here",
};

export function streamPage({ params, query, draw, replaceQuery, values, info: runtime }) {
  const { stream } = params;
  let version = query.has("v") ? Number(query.get("v")) : undefined;
  /** The version that it is compared with. */
  let other = query.has("with") ? Number(query.get("with")) : undefined;
  let isChosen = version !== undefined;
  let entry;
  let state;
  let difference;
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
      const [{ entries }, then, between] = await Promise.all([
        look("timeline", { stream, from, limit: AROUND }),
        look("state", { stream, at: { version: at } }).catch((error) => ({
          problem: error.message,
        })),
        other === undefined ? undefined : compared(at),
      ]);
      // One who slides fast is shown where they are, not where they were.
      if (mine !== asked) return;
      near = entries;
      entry = entries.find(({ event }) => event.version === at);
      state = then;
      difference = between;
      problem = undefined;
    } catch (error) {
      if (mine === asked) problem = error;
    }
    draw();
  }

  function compared(at) {
    const [from, to] = [Math.min(at, other), Math.max(at, other)];
    return look("diff", { stream, from, to }).catch((error) => ({ problem: error.message }));
  }

  const within = (wanted) => Math.min(Math.max(wanted, first()), latest().version);

  function show(wanted) {
    version = within(wanted);
    isChosen = true;
    shown();
  }

  function compareWith(wanted) {
    other = wanted === undefined ? undefined : within(wanted);
    difference = undefined;
    isChosen = true;
    shown();
  }

  function shown() {
    replaceQuery(`v=${version}${other === undefined ? "" : `&with=${other}`}`);
    load();
    draw();
  }

  function slider() {
    const { version: last } = latest();
    const isOldest = version <= first();
    const isNewest = version >= last;
    const step = (label, mark, isThere, wanted) =>
      h(
        "button",
        {
          type: "button",
          "aria-label": label,
          title: label,
          "aria-disabled": isThere ? "true" : undefined,
          onClick: () => show(wanted),
        },
        icon(mark),
      );
    return h(
      "div.slider",
      { key: "slider" },
      step("First version", "first", isOldest, first()),
      step("One version back", "back", isOldest, version - 1),
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
      step("One version on", "next", isNewest, version + 1),
      step("Newest version", "last", isNewest, last),
    );
  }

  function compareForm() {
    const compare = (event) => {
      event.preventDefault();
      compareWith(Number(new FormData(event.currentTarget).get("with")));
    };
    return h(
      "form.inline",
      { key: "compare", "aria-label": "Compare versions", onSubmit: compare },
      h("label", { for: "with" }, "Compare with version"),
      h("input", {
        id: "with",
        name: "with",
        type: "number",
        required: true,
        min: first(),
        max: latest().version,
        value: other ?? "",
      }),
      h("button", { type: "submit" }, "Compare"),
    );
  }

  function differenceCard() {
    const [from, to] = [Math.min(version, other), Math.max(version, other)];
    return h(
      "section.card",
      { key: "difference", "aria-label": "Difference" },
      h(
        "div.bar",
        {},
        h("h2", { "aria-live": "polite" }, `From version ${count(from)} to ${count(to)}`),
        h("button", { type: "button", onClick: () => compareWith(undefined) }, "Close"),
      ),
      difference === undefined
        ? h("p.note", {}, "Reading…")
        : difference.problem !== undefined
          ? h("p.error-text", {}, difference.problem)
          : difference.hidden === true
            ? hiddenPayload()
            : difference.changes.length === 0
              ? h("p.note", {}, "The state is the same in both.")
              : changeList(difference.changes),
    );
  }

  /** What can be done with an entity of this service. Seldom wanted, and never undone: below everything. */
  function endings({ kind, tombstoned }) {
    if (kind !== "aggregate" || runtime() === undefined) return undefined;
    const { aggregates, folders } = runtime();
    const type = stream.slice(0, stream.indexOf("/"));
    const summarized = aggregates.find(({ name }) => name === type)?.summarized === true;
    if (tombstoned === true)
      return card("Its end", h("p", {}, "It has ended: it takes no more commands."));
    return h(
      "section.card",
      { key: "endings", "aria-label": "Its end" },
      h("h2", {}, "Compact or end it"),
      h(
        "p.note",
        {},
        summarized
          ? "Compacting archives its history and goes on from a summary. Ending it lets it take no more commands."
          : `Ending it lets it take no more commands. It can't be compacted: the definition of ${type} gives no summary.`,
      ),
      h(
        "div.buttons",
        {},
        summarized && compactButton(folders.archivesTo),
        actionButton("tombstone", { stream }, stream),
      ),
    );
  }

  function compactButton(archivesTo) {
    return actionButton("compact", { stream }, stream, {
      because:
        archivesTo === undefined
          ? "This panel has no folder for archives. Whoever opens it names one with archivesTo (tidemark panel --archives-to)."
          : undefined,
      field: nameField(
        "Name of the file",
        archivesTo,
        `${nameOfId(stream)}-v${latest().version}.ndjson.gz`,
      ),
      result: ({ report: { version: summary, archive } }) => [
        ["Archived", `versions ${count(archive.firstVersion)} to ${count(archive.lastVersion)}`],
        ["In", idText(archive.file)],
        ["Begins with", `version ${count(summary)}, the summary`],
      ],
    });
  }

  function eventCard() {
    if (entry === undefined) return card("What happened", h("p.note", {}, "Reading…"));
    const { event } = entry;
    return card(
      "What happened",
      h("p", {}, h("strong", {}, event.type), " ", when(event.recordedAtMs)),
      facts([
        ["Position", count(event.position)],
        ["Recorded", time(event.recordedAtMs)],
        [
          "Correlation",
          link(`/journal?correlation=${part(event.correlationId)}`, idText(event.correlationId)),
        ],
        ["Caused by", idText(event.causationId ?? "–")],
      ]),
      h("h3", {}, "Data"),
      dataView(event),
    );
  }

  return {
    title: stream,
    follow: [["stream", { stream }]],
    value(_index, info) {
      // It follows the newest as long as nobody chose one, also where what was chosen is archived now.
      const isGone = version > info.version || version < (info.truncatedBefore ?? 1);
      if (!isChosen || isGone) version = info.version;
      if (entry?.event.version !== version && info.version > 0) load();
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
          info.tombstoned === true && chip("ended", "ended for good"),
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
            { key: "version", "aria-label": "Version" },
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
                compareForm(),
              ),
            ),
            slider(),
            info.truncatedBefore !== undefined &&
              h(
                "p.note",
                {},
                info.archive === undefined
                  ? `What was before version ${count(info.truncatedBefore)} is archived.`
                  : [
                      `Versions ${count(info.archive.firstVersion)} to ${count(info.archive.lastVersion)} are in `,
                      idText(info.archive.file),
                      ".",
                    ],
              ),
          ),
          other !== undefined && differenceCard(),
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
          endings(info),
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
