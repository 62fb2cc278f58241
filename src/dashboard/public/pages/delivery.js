/** What is on its way: timers, commands that wait for an answer, claims, and what nobody took. */
import { look } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";
import {
  card,
  empty,
  errorText,
  idText,
  link,
  part,
  streamLink,
  table,
  timerName,
  title,
  when,
} from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

const TIMERS_SHOWN = 50;
const CLAIMS_SHOWN = 50;

export function deliveryPage({ values, overview, query, go, info, draw }) {
  const prefix = query.get("key") ?? "";
  const claim = query.get("claim") ?? "";
  let claims;

  look("claims", {
    limit: CLAIMS_SHOWN,
    ...(prefix === "" ? {} : { prefix }),
    ...(claim === "" ? {} : { claim }),
  }).then(
    (found) => {
      ({ claims } = found);
      draw();
    },
    (error) => {
      claims = error;
      draw();
    },
  );

  return {
    title: "Delivery",
    follow: [
      ["timers", { limit: TIMERS_SHOWN }],
      ["outbox", {}],
      ["deadLetters", {}],
    ],
    render() {
      const [timers, outbox, letters] = values;
      return [
        title("Delivery"),
        problemList(overview()?.problems ?? [], (subject) => menuOf(subject) === "/delivery"),
        h(
          "div.stack",
          { key: "all" },
          outboxCard(outbox?.lanes),
          timersCard(timers?.timers, info()),
          lettersCard(letters?.deadLetters),
          claimsCard(claims, { prefix, claim }, go),
        ),
      ];
    },
  };
}

const LANES = [
  { title: "To", cell: ({ lane }) => h("strong", {}, lane) },
  { title: "Of", cell: ({ owner }) => owner },
  { title: "Waiting", number: true, cell: ({ waiting }) => count(waiting) },
  { title: "Attempts", number: true, cell: ({ attempts }) => count(attempts) },
  { title: "Next", cell: ({ nextAtMs }) => when(nextAtMs) },
  {
    title: "Trouble",
    wide: true,
    cell: ({ error, waiting }) =>
      waiting > 0 ? errorText(error) : error ? h("span.note", {}, "earlier: ", error) : "–",
  },
];

function outboxCard(lanes) {
  if (lanes === undefined) return card("Commands on their way", h("p.note", {}, "Reading…"));
  return card(
    "Commands on their way",
    lanes.length === 0
      ? empty("None", "Commands of sagas and rules wait here until they are answered.")
      : table("Commands on their way", LANES, lanes, ({ owner, lane }) => `${owner} ${lane}`),
  );
}

function timersCard(timers, info) {
  if (timers === undefined) return card("Timers", h("p.note", {}, "Reading…"));
  const isSaga = (owner) => info?.sagas.some(({ name }) => name === owner) === true;
  const columns = [
    { title: "Due", cell: ({ dueAtMs }) => when(dueAtMs) },
    {
      title: "Of",
      cell: ({ owner, instanceId }) =>
        isSaga(owner)
          ? link(`/saga/${part(owner)}/${part(instanceId)}`, idText(`${owner}/${instanceId}`))
          : streamLink(`${owner}/${instanceId}`),
    },
    { title: "Timer", wide: true, cell: ({ timer }) => timerName(timer) },
  ];
  return card(
    "Timers",
    timers.length === 0
      ? empty("None", "Nothing waits for a time.")
      : table(
          "Timers",
          columns,
          timers,
          ({ owner, instanceId, timer }) => `${owner} ${instanceId} ${timer}`,
        ),
  );
}

const LETTERS = [
  { title: "When", cell: ({ atMs }) => when(atMs) },
  { title: "To", cell: ({ streamId }) => streamLink(streamId) },
  { title: "Command", cell: ({ commandType }) => commandType },
  {
    title: "Why",
    wide: true,
    cell: ({ reason }) => errorText(reason.message ?? reason.code),
  },
];

function lettersCard(letters) {
  if (letters === undefined || letters.length === 0) return undefined;
  return card(
    "Told commands that nobody could carry out",
    table("Dead letters", LETTERS, letters, ({ streamId, atMs }) => `${streamId} ${atMs}`),
  );
}

const CLAIMS = [
  { title: "Claim", cell: ({ claim }) => claim },
  { title: "Key", cell: ({ key }) => idText(key) },
  { title: "Held by", wide: true, cell: ({ owner }) => streamLink(owner) },
  {
    title: "Until",
    cell: ({ expiresAtMs }) =>
      expiresAtMs === undefined ? h("span.unit", {}, "it is given back") : when(expiresAtMs),
  },
];

function claimsCard(claims, { prefix, claim }, go) {
  const search = (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams();
    for (const [name, value] of new FormData(event.currentTarget))
      if (value !== "") wanted.set(name, value);
    go(`/delivery?${wanted}`);
  };
  return card(
    "Claims",
    h(
      "form.filters",
      { role: "search", "aria-label": "Find claims", onSubmit: search },
      h(
        "div",
        { key: "claim" },
        h("label", { for: "claim" }, "Claim"),
        h("input", {
          id: "claim",
          name: "claim",
          type: "text",
          value: claim,
          placeholder: "email",
        }),
      ),
      h(
        "div",
        { key: "key" },
        h("label", { for: "key" }, "Key begins with"),
        h("input", { id: "key", name: "key", type: "search", value: prefix }),
      ),
      h("div.buttons", { key: "go" }, h("button", { type: "submit" }, "Find")),
    ),
    h("p"),
    claims === undefined
      ? h("p.note", {}, "Reading…")
      : claims instanceof Error
        ? h("p.error-text", {}, claims.message)
        : claims.length === 0
          ? empty(
              "None",
              "A claim makes something unique, such as an e-mail address. Nobody holds one like that.",
            )
          : table("Claims", CLAIMS, claims, (each) => `${each.claim} ${each.key}`),
  );
}
