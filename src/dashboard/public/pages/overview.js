/** How everything stands: what is wrong first, then figures. */
import { h } from "../lib/dom.js";
import { bytes, count, rate, several, since, span } from "../lib/format.js";
import { journalFacts } from "../lib/journal-facts.js";
import {
  card,
  chip,
  empty,
  figure,
  link,
  meter,
  part,
  table,
  title,
  idText,
} from "../lib/parts.js";
import { allWell, problemList } from "../lib/problems.js";
import { Samples, sparkline } from "../lib/sparkline.js";

/** Kept while the panel is open, so that lines don't begin anew when one comes back. */
const samples = new Samples();
const READER_PAGES = "/projection/";

function take(overview) {
  samples.add("commands", overview.commandsPerSecond ?? 0);
  samples.add("events", overview.eventsPerSecond);
  samples.add("p99", overview.latency?.p99Ms ?? 0);
  samples.add("failed", (overview.failedPerSecond ?? 0) + (overview.rejectedPerSecond ?? 0));
  samples.add("memory", overview.memory.processBytes);
  samples.add("pool", overview.pool.activations);
  for (const { name, lagEvents } of overview.readers) samples.add(`lag ${name}`, lagEvents);
}

export function overviewPage({ overview, info }) {
  return {
    title: "Overview",
    follow: [],
    overview: take,
    render() {
      const now = overview();
      if (now === undefined) return [title("Overview"), h("p.note", {}, "Asking the runtime…")];
      return [
        title(
          "Overview",
          h(
            "span.note",
            {},
            `up ${since(now.upSinceMs)} · ${several(now.head, "event")} in the journal`,
          ),
        ),
        traffic(now),
        problemList(now.problems) ?? allWell("Everything works. Nothing needs you."),
        h(
          "div.stack",
          { key: "all" },
          readers(now),
          h(
            "div.grid",
            {},
            card("Journal", journalFacts(now), link("/store", "Store")),
            pool(now),
            coordination(now),
            process(now, info()),
          ),
        ),
      ];
    },
  };
}

function traffic(now) {
  const { commandsPerSecond, eventsPerSecond, latency, pool: entities, memory } = now;
  const line = (label, name, show = rate) => sparkline(label, samples.of(name), show);
  const measured = commandsPerSecond !== undefined;
  return h(
    "section.card.strip",
    { key: "traffic", "aria-label": "Traffic" },
    h(
      "dl.figures",
      {},
      measured &&
        figure(
          "Commands answered",
          rate(commandsPerSecond),
          "a second",
          line("Commands a second", "commands"),
        ),
      figure(
        "Events recorded",
        rate(eventsPerSecond),
        "a second",
        line("Events a second", "events"),
      ),
      measured && latencyFigure(latency, line("Latency", "p99", span)),
      measured && failureFigure(now, line("Refused or failed a second", "failed")),
      figure(
        "Entities in memory",
        count(entities.activations),
        `of ${count(entities.activationsMax)}`,
        line("Entities in memory", "pool", count),
      ),
      figure(
        "Memory of the process",
        ...bytes(memory.processBytes).split(" "),
        line("Memory", "memory", bytes),
      ),
    ),
  );
}

function latencyFigure(latency, line) {
  if (latency === undefined) return figure("Latency", "–", "nothing asked lately", line);
  return figure("Latency (99 %)", span(latency.p99Ms), `50 %: ${span(latency.p50Ms)}`, line);
}

function failureFigure({ rejectedPerSecond = 0, failedPerSecond = 0 }, line) {
  const unit = failedPerSecond > 0 ? `a second, ${rate(failedPerSecond)} failed` : "a second";
  return figure("Refused or failed", rate(rejectedPerSecond + failedPerSecond), unit, line);
}

function readers({ readers: all }) {
  if (all.length === 0)
    return card(
      "Readers of the journal",
      empty(
        "No readers",
        "This runtime was opened without projections, reactors or external projections.",
      ),
    );
  const columns = [
    {
      title: "Name",
      cell: ({ name, kind }) => [
        link(`${READER_PAGES}${part(name)}`, name),
        kind === "projection" ? "" : h("span.unit", {}, ` ${kind}`),
      ],
    },
    { title: "State", cell: ({ state, paused }) => chip(paused ? "paused" : state) },
    {
      title: "Behind",
      number: true,
      cell: ({ lagEvents }) => (lagEvents === 0 ? "0" : several(lagEvents, "event")),
    },
    { title: "For", number: true, cell: ({ lagMs }) => (lagMs === 0 ? "–" : span(lagMs)) },
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
    {
      title: "Lag",
      cell: ({ name }) => sparkline(`Lag of ${name}`, samples.of(`lag ${name}`), count),
    },
  ];
  return card(
    "Readers of the journal",
    table("Readers of the journal", columns, all, ({ kind, name }) => `${kind} ${name}`),
  );
}

function pool({ pool: now }) {
  return card(
    "Entities in memory",
    h(
      "dl.facts",
      {},
      fact("Entities", `${count(now.activations)} of ${count(now.activationsMax)}`),
      fact("Size", `${bytes(now.bytes)} of ${bytes(now.bytesMax)}`),
      fact("Waiting for room", several(now.waiting, "command")),
      fact("Loaded", `${rate(now.hydratedPerSecond)} a second`),
      fact("Let go", `${rate(now.evictedPerSecond)} a second`),
    ),
    meter(
      "Entities in memory",
      now.activations,
      now.activationsMax,
      `${count(now.activations)} of ${count(now.activationsMax)}`,
    ),
    meter("Size", now.bytes, now.bytesMax, `${bytes(now.bytes)} of ${bytes(now.bytesMax)}`),
  );
}

function coordination({ sagas, rules, nats }) {
  const lines = [
    ...sagas.map(({ name, active, parked, lagEvents }) => [
      `/saga/${part(name)}`,
      name,
      `${count(active)} active`,
      parked,
      lagEvents,
    ]),
    ...rules.map(({ name, sessions, parked, lagEvents }) => [
      `/rules/${part(name)}`,
      name,
      several(sessions, "session"),
      parked,
      lagEvents,
    ]),
  ];
  return card(
    "Sagas, rules, messages",
    lines.length === 0 &&
      nats === undefined &&
      empty("Nothing of that", "This runtime was opened without sagas, rules and messages."),
    h(
      "dl.facts",
      {},
      lines.map(([path, name, text, parked, lagEvents]) => [
        h("dt", { key: `t${path}` }, link(path, name)),
        h(
          "dd",
          { key: `d${path}` },
          h(
            "div.tags",
            {},
            text,
            parked > 0 && chip("parked", `${count(parked)} parked`),
            lagEvents > 0 && h("span.unit", {}, `${several(lagEvents, "event")} behind`),
          ),
        ),
      ]),
      nats !== undefined && [
        h("dt", { key: "tnats" }, link("/nats", "NATS")),
        h(
          "dd",
          { key: "dnats" },
          h(
            "div.tags",
            {},
            chip(nats.connected ? "connected" : "disconnected"),
            nats.relayLag !== undefined &&
              h(
                "span.unit",
                {},
                nats.relayLag === 0
                  ? "all published"
                  : `${several(nats.relayLag, "event")} to publish`,
              ),
            nats.parkedImports > 0 && chip("parked", `${count(nats.parkedImports)} parked`),
          ),
        ),
      ],
    ),
  );
}

function process({ memory }, info) {
  return card(
    "Process",
    h(
      "dl.facts",
      {},
      fact(
        "Memory",
        bytes(memory.processBytes),
        h("span.unit", {}, ` heap ${bytes(memory.heapBytes)}`),
      ),
      info !== undefined && [
        fact("Tidemark", info.tidemark),
        fact("Node.js", info.node),
        fact("Process", info.pid),
        fact("Store", idText(info.storeId)),
        info.directory !== undefined && fact("Directory", idText(info.directory)),
      ],
    ),
  );
}

function fact(name, ...value) {
  return [h("dt", { key: `t${name}` }, name), h("dd", { key: `d${name}` }, value)];
}
