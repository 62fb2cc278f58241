/** Messages between services: the connection, what goes out, what comes in, what can't be taken. */
import { look } from "../lib/api.js";
import { actionButton } from "../lib/actions.js";
import { h } from "../lib/dom.js";
import { count, several, span } from "../lib/format.js";
import { card, chip, empty, errorText, facts, idText, table, title, when } from "../lib/parts.js";
import { menuOf, problemList } from "../lib/problems.js";

const IS_MESSAGING = (subject) => menuOf(subject) === "/nats";

export function natsPage({ values, overview, draw }) {
  let parked = [];
  let asked = "";

  /** Parked messages of each aggregate that has some. */
  async function loadParked() {
    const names =
      values[0]?.messaging?.imports
        .filter((each) => each.parked > 0)
        .map((each) => each.aggregate) ?? [];
    const lists = await Promise.all(
      names.map((name) =>
        look("imports.parked", { name, limit: 100 }).catch(() => ({ parked: [] })),
      ),
    );
    parked = lists.flatMap((list, index) =>
      list.parked.map((message) => ({ ...message, aggregate: names[index] })),
    );
    draw();
  }

  return {
    title: "NATS",
    follow: [["nats", {}]],
    value(_index, { messaging }) {
      const now = JSON.stringify(
        messaging?.imports.map(({ aggregate, parked: number }) => [aggregate, number]),
      );
      if (now === asked) return;
      asked = now;
      loadParked();
    },
    changed: loadParked,
    render() {
      const [found] = values;
      if (found === undefined) return [title("NATS"), h("p.note", {}, "Reading…")];
      const { messaging } = found;
      if (messaging === undefined || messaging === null)
        return [
          title("NATS"),
          card(
            "Messages",
            empty(
              "This service talks to no other",
              "It was opened without a transport, and nothing needed one so far. Give openRuntime a messaging option to share events and commands with other services.",
            ),
          ),
        ];
      return [
        title("NATS", chip(messaging.connection.connected ? "connected" : "disconnected")),
        problemList(overview()?.problems ?? [], IS_MESSAGING),
        h(
          "div.stack",
          { key: "all" },
          h("div.grid", {}, connectionCard(messaging.connection), relayCard(messaging.relay)),
          importsCard(messaging.imports),
          parkedCard(parked),
        ),
      ];
    },
  };
}

function connectionCard({
  transport,
  connected,
  sinceMs,
  reconnects,
  server,
  serverVersion,
  limitations,
  lastError,
}) {
  return card(
    "Connection",
    facts([
      ["Now", chip(connected ? "connected" : "disconnected")],
      ["Since", when(sinceMs)],
      ["Over", transport],
      ["Server", server && idText(server)],
      ["Version", serverVersion],
      ["Made again", several(reconnects, "time")],
      ["Last trouble", lastError && errorText(lastError.message)],
    ]),
    limitations.map((text) => h("p.note", { key: text }, text)),
  );
}

function relayCard(relay) {
  if (relay === undefined || relay === null)
    return card(
      "What goes out",
      empty("Nothing is published", "No aggregate of this service shares its events."),
    );
  return card(
    "What goes out",
    facts([
      ["State", chip(relay.state)],
      [
        "Behind",
        relay.lagEvents === 0 ? "0" : `${several(relay.lagEvents, "event")}, ${span(relay.lagMs)}`,
      ],
      ["Published", `${several(relay.published, "event")} since the start`],
      ["Up to position", count(relay.position)],
      ["Given again", relay.losses > 0 ? several(relay.losses, "time") : undefined],
      ["Last trouble", relay.lastError && h("span.error-text", {}, relay.lastError.message)],
    ]),
  );
}

const IMPORTS = [
  { title: "Of", cell: ({ aggregate }) => h("strong", {}, aggregate) },
  { title: "State", cell: ({ state }) => chip(state) },
  { title: "Taken", number: true, cell: ({ imported }) => count(imported) },
  { title: "Not wanted", number: true, cell: ({ passed }) => count(passed) },
  { title: "Had before", number: true, cell: ({ duplicates }) => count(duplicates) },
  {
    title: "Parked",
    number: true,
    cell: ({ parked }) => (parked === 0 ? "–" : chip("parked", count(parked))),
  },
  {
    title: "Waits for",
    wide: true,
    cell: ({ waiting }) =>
      waiting.length === 0
        ? "–"
        : waiting.map(({ storeId, missing }) =>
            h("div", {}, `position ${count(missing)} of `, idText(storeId)),
          ),
  },
  {
    title: "What to do",
    cell: ({ aggregate, waiting, parked }) =>
      h(
        "div.buttons",
        {},
        parked > 0 &&
          actionButton("imports.replay", { name: aggregate }, aggregate, { primary: true }),
        parked > 0 && actionButton("imports.discard", { name: aggregate }, aggregate),
        waiting.length > 0 && actionButton("imports.acceptGaps", { name: aggregate }, aggregate),
      ),
  },
];

function importsCard(imports) {
  return card(
    "What comes in",
    imports.length === 0
      ? empty(
          "Nothing is taken from others",
          "No aggregate of another service was named under remotes.",
        )
      : table("Imports", IMPORTS, imports, ({ aggregate }) => aggregate),
  );
}

const PARKED = [
  { title: "Of", cell: ({ aggregate }) => aggregate },
  { title: "Entity", cell: ({ entityId }) => idText(entityId ?? "–") },
  {
    title: "Why",
    wide: true,
    cell: ({ queued, error }) =>
      queued === true
        ? h("span.unit", {}, "waits behind one that can't be taken")
        : errorText(error),
  },
  { title: "Since", cell: ({ parkedAtMs }) => when(parkedAtMs) },
];

function parkedCard(parked) {
  return (
    parked.length > 0 &&
    card(
      "Messages that can't be taken",
      table("Parked messages", PARKED, parked, ({ aggregate, at }) => `${aggregate} ${at}`),
    )
  );
}
