/** What is on its way: commands that wait for an answer, timers, and what nobody took; and who holds which claim. */
import { look } from "../lib/api.js";
import { h } from "../lib/dom.js";
import { count } from "../lib/format.js";
import {
  card,
  empty,
  errorText,
  idText,
  link,
  pager,
  part,
  streamLink,
  table,
  timerName,
  title,
  when,
} from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

const TIMERS_SHOWN = 50;
const TIMERS_MAX = 900;
const CLAIMS_SHOWN = 50;

export function deliveryPage(context) {
  return context.query.get("show") === "claims" ? claimsPage(context) : waitingPage(context);
}

/** What both parts of the page begin with; what nobody could carry out is above everything. */
function head(overview, letters, isClaims) {
  const tab = (path, label, isHere) =>
    h(
      "a.button",
      { key: path, href: `#${path}`, "aria-current": isHere ? "true" : undefined },
      label,
    );
  return [
    title("Delivery"),
    problemList(overview()?.problems ?? [], (subject) => menuOf(subject) === "/delivery"),
    h(
      "nav.buttons.tabs",
      { key: "tabs", "aria-label": "Parts of the page" },
      tab("/delivery", "Commands and timers", !isClaims),
      tab("/delivery?show=claims", "Claims", isClaims),
    ),
    lettersCard(letters),
  ];
}

function waitingPage({ values, overview, info, query }) {
  const limit = query.has("all") ? TIMERS_MAX : TIMERS_SHOWN;
  return {
    title: "Delivery",
    follow: [
      // One more tells whether there are more.
      ["timers", { limit: limit + 1 }],
      ["outbox", {}],
      ["deadLetters", {}],
    ],
    render() {
      const [timers, outbox, letters] = values;
      return [
        head(overview, letters?.deadLetters, false),
        h(
          "div.stack",
          { key: "all" },
          outboxCard(outbox?.lanes),
          timersCard(timers?.timers, limit, info()),
        ),
      ];
    },
  };
}

function claimsPage({ values, overview, query, go, draw }) {
  const prefix = query.get("key") ?? "";
  const claim = query.get("claim") ?? "";
  const after = query.get("after") ?? "";
  const filter = {
    ...(prefix === "" ? {} : { prefix }),
    ...(claim === "" ? {} : { claim }),
  };
  let found;

  look("claims", { limit: CLAIMS_SHOWN, ...filter, ...(after === "" ? {} : { after }) }).then(
    (page) => {
      found = page;
      draw();
    },
    (error) => {
      found = error;
      draw();
    },
  );

  return {
    title: "Delivery",
    follow: [["deadLetters", {}]],
    render: () => [
      head(overview, values[0]?.deadLetters, true),
      claimsCard(found, { prefix, claim, after }, go),
    ],
  };
}

const LANES = [
  { title: "To", cell: ({ lane }) => h("strong", {}, lane) },
  { title: "Of", cell: ({ owner }) => owner },
  { title: "Waiting", number: true, cell: ({ waiting }) => count(waiting) },
  { title: "Attempts", number: true, cell: ({ attempts }) => count(attempts) },
  { title: "Failed", cell: ({ errorAtMs }) => when(errorAtMs) },
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

function timersCard(timers, limit, info) {
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
          timers.slice(0, limit),
          ({ owner, instanceId, timer }) => `${owner} ${instanceId} ${timer}`,
        ),
    timers.length > limit &&
      (limit === TIMERS_MAX
        ? h("p.note", {}, `These are the first ${count(TIMERS_MAX)}.`)
        : pager({ next: "/delivery?all=1", nextText: "More" })),
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

function claimsCard(found, { prefix, claim, after }, go) {
  const pathOf = (more) =>
    `/delivery?${new URLSearchParams({ show: "claims", ...(claim === "" ? {} : { claim }), ...(prefix === "" ? {} : { key: prefix }), ...more })}`;
  const search = (event) => {
    event.preventDefault();
    const wanted = new URLSearchParams({ show: "claims" });
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
    claimList(found),
    found?.claims !== undefined &&
      pager({
        first: after === "" ? undefined : pathOf({}),
        next: found.next === undefined ? undefined : pathOf({ after: found.next }),
      }),
  );
}

function claimList(found) {
  if (found === undefined) return h("p.note", {}, "Reading…");
  if (found instanceof Error) return h("p.error-text", {}, found.message);
  if (found.claims.length === 0)
    return empty(
      "None",
      "A claim makes something unique, such as an e-mail address. Nobody holds one like that.",
    );
  return table("Claims", CLAIMS, found.claims, (each) => `${each.claim} ${each.key} ${each.owner}`);
}
