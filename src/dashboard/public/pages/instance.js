/** One instance of a saga: where it is, what it waits for, what it did, what would be undone. */
import { actionButton } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { age, count, since } from "../lib/format.js";
import { jsonLine, jsonView } from "../lib/json-view.js";
import {
  card,
  chip,
  crumb,
  empty,
  errorText,
  facts,
  hiddenPayload,
  part,
  streamLink,
  table,
  timerName,
  title,
  when,
} from "../lib/parts.js";

export function instancePage({ params, values }) {
  const { name, instanceId } = params;
  const ref = { name, instanceId };
  const subject = `${name}/${instanceId}`;
  const button = (operation, options) => actionButton(operation, ref, subject, options);

  function actions({ status }) {
    const isOver = status === "done" || status === "ended";
    const because = isOver ? "It is over: nothing can be done to it any more." : undefined;
    return h(
      "div.buttons",
      { key: "actions" },
      status !== "parked" && button("saga.park", { because }),
      status === "parked" && button("saga.discard"),
      actionButton("saga.send", ref, subject, { because, field: SEND }),
      button("saga.end", { because }),
    );
  }

  return {
    title: subject,
    follow: [["saga.instance", ref]],
    render() {
      const [instance] = values;
      const head = crumb(`/saga/${part(name)}`, name);
      if (instance === undefined) return [title(instanceId, head), h("p.note", {}, "Reading…")];
      const {
        status,
        state,
        problem,
        sinceMs,
        version,
        steps,
        timers,
        commands,
        compensations,
        kept,
        history,
      } = instance;
      return [
        title(
          instanceId,
          head,
          chip(status),
          h(
            "span.note",
            {},
            state === "" ? "not begun" : ["in ", h("strong", {}, state), ` for ${since(sinceMs)}`],
          ),
        ),
        problem
          ? h(
              "section.problems",
              { key: "problem", "aria-label": "Problem" },
              h(
                "article.problem.unhealthy",
                {},
                h(
                  "div",
                  {},
                  h("h3", {}, chip("parked", "stuck")),
                  h("p", {}, errorText(problem)),
                  h(
                    "p.advice",
                    {},
                    "Mend what it fails at, then retry: it goes on where it stopped, with what waited meanwhile.",
                  ),
                ),
                h("div.buttons", {}, button("saga.retry", { primary: true })),
              ),
            )
          : undefined,
        actions(instance),
        h(
          "div.stack",
          { key: "all" },
          h(
            "div.grid",
            {},
            card(
              "Where it is",
              facts([
                ["State", state || "–"],
                ["Since", when(sinceMs)],
                ["Machine", `version ${version}`],
                ["Steps", count(steps)],
                ["Stream", streamLink(`${name}/${instanceId}`)],
                timers.length === 0 && ["Timers", "none: it doesn't wait for a time"],
                commands.length === 0 && ["Commands", "every one is answered"],
                compensations.length === 0 && ["To undo", "nothing"],
                kept.length === 0 && ["Waiting inputs", "none"],
              ]),
            ),
            h(
              "div.stack",
              {},
              card(
                "Context",
                instance.hidden === true
                  ? hiddenPayload()
                  : instance.context === undefined
                    ? h("p.note", {}, "none")
                    : jsonView(instance.context),
              ),
              timers.length > 0 &&
                card(
                  "Timers",
                  timers.map((timer) =>
                    h(
                      "p",
                      { key: `timer ${timer.id}` },
                      timerName(timer.id),
                      ` due ${age(timer.dueAtMs)}`,
                    ),
                  ),
                ),
              commands.length > 0 &&
                card(
                  "Commands without an answer",
                  commands.map((command) =>
                    h(
                      "p",
                      { key: `command ${command.id}` },
                      h("strong", {}, command.command?.type ?? command.as),
                      " to ",
                      streamLink(`${command.aggregate}/${command.entityId}`),
                    ),
                  ),
                ),
              compensations.length > 0 &&
                card(
                  "What would be undone",
                  compensations.map((each, index) =>
                    h(
                      "p",
                      { key: `undo ${index}` },
                      `${index + 1}. `,
                      h("strong", {}, each.command?.type ?? ""),
                      " to ",
                      streamLink(`${each.aggregate}/${each.entityId}`),
                    ),
                  ),
                ),
              kept.length > 0 &&
                card(
                  `Waiting inputs: ${kept.length}`,
                  kept.map((input, index) =>
                    h("p", { key: `kept ${index}` }, h("span.mono", {}, inputText(input))),
                  ),
                ),
            ),
          ),
          card(
            "History",
            history.length === 0
              ? empty("No history", "It hasn't begun.")
              : table("History", HISTORY, [...history].reverse(), (entry) => entry.version),
          ),
        ),
      ];
    },
  };
}

function inputText({ kind, event, id, commandId, answer }) {
  if (kind === "timer") return ["timer ", timerName(id)];
  if (kind === "answer") return `answer ${answer?.status ?? ""} to ${commandId}`;
  return `${kind} ${event?.type ?? ""}`;
}

const HISTORY = [
  { title: "When", cell: ({ atMs }) => when(atMs) },
  {
    title: "What",
    cell: ({ kind, event, input }) => [
      h("strong", {}, event?.type ?? (input === undefined ? kind : inputText(input))),
      h("span.unit", {}, kind === "stepped" ? "" : ` ${kind}`),
    ],
  },
  { title: "Led to", cell: ({ state }) => state ?? "–" },
  {
    title: "Asked for",
    wide: true,
    cell: ({ commands = [], timers = [] }) => [
      ...commands.map((text) => h("div", {}, text)),
      ...timers.map(({ id, dueAtMs }) =>
        h("div.unit", {}, "timer ", timerName(id), `, due ${age(dueAtMs)}`),
      ),
    ],
  },
  {
    title: "Remark",
    wide: true,
    cell: ({ remark, notes = [] }) =>
      remark || notes.length > 0
        ? [
            remark && h("div.error-text", {}, remark),
            ...notes.map((note) => h("div.note", {}, jsonLine(note))),
          ]
        : "–",
  },
];

/** Fields of the dialog that sends an event. */
const SEND = {
  nodes: (id) => [
    h("label", { for: `${id}type` }, "Type of the event"),
    h("input", {
      id: `${id}type`,
      name: "type",
      type: "text",
      required: true,
      autocomplete: "off",
      placeholder: "PaymentReceived",
    }),
    h("label", { for: `${id}data` }, "Data as JSON", h("span.unit", {}, " (may be empty)")),
    h("textarea", { id: `${id}data`, name: "data", spellcheck: "false" }),
  ],
  input(data) {
    const text = String(data.get("data")).trim();
    let value;
    try {
      value = text === "" ? undefined : JSON.parse(text);
    } catch {
      throw new Error('The data isn\'t JSON; for example {"amount": 12}');
    }
    return {
      event: {
        type: String(data.get("type")).trim(),
        ...(value === undefined ? {} : { data: value }),
      },
    };
  },
};
