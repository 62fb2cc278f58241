/** A rule set: its alerts and why they were raised, and its sessions. */
import { look } from "../lib/api.js";
import { actionButton } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { dataLine } from "../lib/event-view.js";
import { count, several, time } from "../lib/format.js";
import { jsonLine, jsonView } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  errorText,
  hiddenPayload,
  idText,
  pager,
  part,
  streamLink,
  table,
  title,
  when,
} from "../lib/parts.js";
import { pageOf, problemList } from "../lib/problems.js";

const SHOWN = 50;

export function ruleSetPage({ params, query, values, overview, draw, go }) {
  const { name } = params;
  const base = `/rules/${part(name)}`;
  const before = query.get("before") ?? undefined;
  const after = query.get("after") ?? undefined;
  const position = query.has("why") ? Number(query.get("why")) : undefined;
  const sessionId = query.get("session") ?? undefined;
  let explanation;
  let session;

  async function load() {
    if (position !== undefined)
      explanation = await look("rules.explain", { name, position }).catch((error) => ({
        problem: error.message,
      }));
    if (sessionId !== undefined)
      session = await look("rules.session", { name, sessionId }).catch((error) => ({
        problem: error.message,
      }));
    draw();
  }

  load();
  return {
    title: name,
    follow: [
      [
        "rules.alerts",
        { name, limit: SHOWN, ...(before === undefined ? {} : { before: Number(before) }) },
      ],
      ["rules.sessions", { name, limit: SHOWN, ...(after === undefined ? {} : { after }) }],
      ["rules.sessions", { name, status: "parked", limit: SHOWN }],
    ],
    changed: load,
    render() {
      const [alerts, sessions, stuck] = values;
      return [
        title(name, crumb("/rules", "Rules")),
        problemList(overview()?.problems ?? [], (subject) => pageOf(subject) === base),
        h(
          "div.stack",
          { key: "all" },
          position !== undefined && explanationCard(explanation),
          sessionId !== undefined && sessionCard(session),
          stuck !== undefined && stuck.sessions.length > 0 && sessionsCard(stuck, "Stuck sessions"),
          alertsCard(alerts),
          sessionsCard(
            sessions,
            "Sessions",
            pager({
              first: after === undefined ? undefined : base,
              next: sessions?.next && `${base}?after=${part(sessions.next)}`,
            }),
          ),
        ),
      ];
    },
  };

  function alertsCard(found) {
    if (found === undefined) return card("Alerts", h("p.note", {}, "Reading…"));
    const columns = [
      { title: "When", cell: ({ atMs }) => when(atMs) },
      { title: "Alert", cell: ({ type }) => h("strong", {}, type) },
      { title: "Rule", cell: ({ rule }) => rule },
      {
        title: "Session",
        cell: (alert) =>
          h("a.id", { href: `#${base}?session=${part(alert.sessionId)}` }, alert.sessionId),
      },
      { title: "Data", wide: true, cell: dataLine },
      {
        title: "Why",
        cell: (alert) =>
          h(
            "a.button",
            {
              href: `#${base}?why=${alert.position}`,
              "aria-label": `Why was ${alert.type} raised for ${alert.sessionId}?`,
            },
            "Explain",
          ),
      },
    ];
    return card(
      "Alerts",
      found.alerts.length === 0
        ? empty("No alert", "No rule has raised one so far.")
        : table("Alerts", columns, found.alerts, (alert) => alert.position),
      pager({
        first: before === undefined ? undefined : base,
        next: found.next && `${base}?before=${found.next}`,
        firstText: "Newest",
        nextText: "Older",
      }),
    );
  }

  function sessionsCard(found, label, pages) {
    if (found === undefined) return card(label, h("p.note", {}, "Reading…"));
    const columns = [
      {
        title: "Session",
        cell: (each) =>
          h("a.id", { href: `#${base}?session=${part(each.sessionId)}` }, each.sessionId),
      },
      { title: "Status", cell: ({ status }) => chip(status) },
      { title: "Since", cell: ({ sinceMs }) => when(sinceMs) },
      {
        title: "Why",
        wide: true,
        cell: ({ problem }) => errorText(problem),
      },
      {
        title: "What to do",
        cell: (each) => {
          const input = { name, sessionId: each.sessionId };
          const subject = `${name}/${each.sessionId}`;
          return each.status === "parked"
            ? h(
                "div.buttons",
                {},
                actionButton("rules.release", input, subject, { primary: true }),
                actionButton("rules.discard", input, subject),
              )
            : actionButton("rules.park", input, subject);
        },
      },
    ];
    const parkedFirst = [...found.sessions].sort(
      (a, b) => Number(b.status === "parked") - Number(a.status === "parked"),
    );
    return card(
      label,
      parkedFirst.length === 0
        ? empty("No session", "A session appears with the first event that is of somebody.")
        : table(label, columns, parkedFirst, (each) => each.sessionId),
      pages,
    );
  }

  function explanationCard(found) {
    return h(
      "section.card",
      { key: "why", "aria-label": "Why" },
      h(
        "div.bar",
        {},
        h("h2", {}, `Why: position ${count(position)}`),
        h("button", { type: "button", onClick: () => go(base) }, "Close"),
      ),
      found === undefined
        ? h("p.note", {}, "Reading…")
        : found.problem !== undefined
          ? h("p.error-text", {}, found.problem)
          : firing(found.explanation),
    );
  }

  function sessionCard(found) {
    return h(
      "section.card",
      { key: "session", "aria-label": "Session" },
      h(
        "div.bar",
        {},
        h("h2", {}, "Session ", idText(sessionId)),
        h("button", { type: "button", onClick: () => go(base) }, "Close"),
      ),
      found === undefined
        ? h("p.note", {}, "Reading…")
        : found.problem !== undefined
          ? h("p.error-text", {}, found.problem)
          : found.hidden === true
            ? hiddenPayload()
            : found.session === undefined
              ? empty("No such session", "It never was, or it was discarded.")
              : jsonView(found.session),
    );
  }
}

/** A firing, the facts it matched, the events that made them, and the firings that concluded some of them. */
function firing({ rule, version, atMs, alerts = [], facts = [], omitted = 0, commands = [] }) {
  return h(
    "div",
    {},
    h(
      "p",
      {},
      "Rule ",
      h("strong", {}, rule),
      ` (version ${version}) fired `,
      when(atMs),
      alerts.length > 0 && [
        " and raised ",
        h("strong", {}, alerts.map(({ type }) => type).join(", ")),
      ],
      commands.length > 0 && `, and sent ${several(commands.length, "command")}`,
      ", because of:",
    ),
    h(
      "ul.explain",
      {},
      facts.map(factItem),
      omitted > 0 && h("li.note", {}, `and ${several(omitted, "more fact")}`),
    ),
  );
}

function factItem({ as, kind, id, data, hidden, atMs, events = [], by }) {
  return h(
    "li",
    {},
    h("strong", {}, as),
    ": ",
    idText(`${kind} ${id}`),
    " ",
    hidden === true ? hiddenPayload() : h("span.mono", {}, jsonLine(data)),
    h("span.unit", { title: time(atMs) }, " "),
    when(atMs),
    events.length > 0 &&
      h(
        "ul.explain",
        {},
        events.map((event) =>
          h(
            "li",
            {},
            h("strong", {}, event.type),
            " of ",
            streamLink(event.streamId ?? event.stream, event.version),
            " ",
            when(event.recordedAtMs),
          ),
        ),
      ),
    by !== undefined && h("div.explain", {}, firing(by)),
  );
}
