/**
 * A machine, drawn: states in columns by how far they are from the beginning, transitions as curves. Composite states are frames.
 * Small and steady: the same machine is always drawn the same way.
 */
import { h } from "./dom.js";
import { count, since, span } from "./format.js";

const WIDTH = 126;
const HEIGHT = 62;
const GAP_X_MIN = 48;
const GAP_Y = 36;
const PAD = 26;
const PAD_X = 14;
const LABEL_MAX = 22;
const LABELS_MAX = 3;
const LINE_HEIGHT = 14;
/** Of a letter of a label, about. */
const LETTER_WIDTH = 6.5;
/** What an arrow needs beside its label, a frame's margin included. */
const BESIDE_LABEL = 24;
/** Smaller than that nobody reads it: it is scrolled instead. */
const SCALE_MIN = 0.9;
/** What stands beside it: the menu, and the space around. */
const MENU_WIDTH = 290;
const NARROW = 760;

export function diagram({ states: known, edges: ways }, chosen, choose) {
  const { states, edges } = withAnywhere(known, ways);
  const leaves = states.filter(({ kind }) => kind !== "compound" && kind !== "parallel");
  const frames = states.filter(
    ({ id, kind }) =>
      (kind === "compound" || kind === "parallel") && leaves.some((leaf) => isWithin(leaf.id, id)),
  );
  const places = placesOf(leaves, states, edges);
  const lefts = leftsOf(places, edges);
  const boxes = new Map(
    [...places].map(([id, { column, row }]) => [
      id,
      {
        x: lefts[column],
        y: PAD + row * (HEIGHT + GAP_Y),
        width: WIDTH,
        height: HEIGHT,
        columns: [column, column],
      },
    ]),
  );
  for (const frame of [...frames].sort((a, b) => depthOf(b.id) - depthOf(a.id)))
    boxes.set(
      frame.id,
      around([...boxes].filter(([id]) => isWithin(id, frame.id)).map(([, box]) => box)),
    );
  const all = [...boxes.values()];
  const right = Math.max(...all.map(({ x, width }) => x + width)) + PAD_X;
  const lowest = Math.max(...all.map(({ y, height }) => y + height));
  const loops = edges.filter(({ from, to }) => boxes.has(from) && boxes.has(to));
  const taken = leaves.map(({ id }) => boxes.get(id));
  const drawn = merged(loops).map((edge, index) => edgeShape(edge, boxes, lowest, index, taken));
  const bottom = Math.max(lowest, ...drawn.map(({ low }) => low)) + PAD;
  const room = innerWidth <= NARROW ? innerWidth - 60 : Math.min(innerWidth, 1436) - MENU_WIDTH;
  const scale = Math.min(1, Math.max(SCALE_MIN, room / right));
  return h(
    "div.diagram",
    {
      key: "diagram",
      tabindex: 0,
      role: "group",
      "aria-label": "States of the saga; each is a button that lists its instances",
    },
    h(
      "svg",
      { viewBox: `0 0 ${right} ${bottom}`, width: right * scale, height: bottom * scale },
      h(
        "defs",
        {},
        h(
          "marker",
          {
            id: "arrow",
            viewBox: "0 0 10 10",
            refX: 9,
            refY: 5,
            markerWidth: 7,
            markerHeight: 7,
            orient: "auto-start-reverse",
          },
          h("path", { d: "M0 0L10 5L0 10z" }),
        ),
      ),
      frames.map((frame) => frameShape(frame, boxes.get(frame.id))),
      drawn.map(({ line }) => line),
      leaves.map((state) => nodeShape(state, boxes.get(state.id), state.id === chosen, choose)),
      drawn.map(({ label }) => label),
    ),
  );
}

const ANYWHERE = "any state";

/** What the machine as a whole reacts to comes from wherever it is: drawn as a state of its own. */
function withAnywhere(states, edges) {
  if (edges.every(({ from }) => from !== "")) return { states, edges };
  const anywhere = { id: ANYWHERE, kind: "anywhere", initial: false, active: 0, parked: 0 };
  return {
    states: [...states, anywhere],
    edges: edges.map((edge) => (edge.from === "" ? { ...edge, from: ANYWHERE } : edge)),
  };
}

function isWithin(id, parent) {
  return id.startsWith(`${parent}.`);
}

function depthOf(id) {
  return id.split(".").length;
}

/** Columns by distance from the first state; states of one frame stay together. */
function placesOf(leaves, states, edges) {
  const entry = (id) => {
    const inner = states.filter(({ parent }) => parent === id);
    if (inner.length === 0) return [id];
    const [first] = inner.filter(({ initial }) => initial);
    return (first === undefined ? inner : [first]).flatMap((each) => entry(each.id));
  };
  const exits = (id) =>
    leaves.some((leaf) => leaf.id === id)
      ? [id]
      : leaves.filter((leaf) => isWithin(leaf.id, id)).map((leaf) => leaf.id);
  const next = new Map();
  for (const { from, to } of edges)
    for (const one of exits(from))
      for (const other of entry(to)) next.set(one, [...(next.get(one) ?? []), other]);
  const roots = states
    .filter(({ parent, initial }) => (parent === undefined || parent === "") && initial)
    .flatMap(({ id }) => entry(id));
  const distance = new Map(roots.map((id) => [id, 0]));
  const queue = [...distance.keys()];
  for (let id = queue.shift(); id !== undefined; id = queue.shift())
    for (const other of next.get(id) ?? [])
      if (!distance.has(other)) {
        distance.set(other, distance.get(id) + 1);
        queue.push(other);
      }
  const rows = new Map();
  const places = new Map();
  for (const { id } of leaves) {
    const column = distance.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    places.set(id, { column, row });
  }
  return places;
}

/** Where each column begins: between two there is room for what stands on the arrows between them. */
function leftsOf(places, edges) {
  const columnsOf = (id) =>
    [...places]
      .filter(([each]) => each === id || isWithin(each, id))
      .map(([, { column }]) => column);
  const gaps = [];
  for (const { from, to, labels } of merged(edges)) {
    const [one, other] = [Math.max(...columnsOf(from)), Math.min(...columnsOf(to))];
    if (other - one !== 1) continue;
    gaps[one] = Math.max(gaps[one] ?? 0, widthOf(linesOf(labels)) + BESIDE_LABEL);
  }
  const last = Math.max(...[...places.values()].map(({ column }) => column));
  const lefts = [PAD_X + 12];
  for (let column = 0; column < last; column += 1)
    lefts.push(lefts[column] + WIDTH + Math.max(GAP_X_MIN, gaps[column] ?? 0));
  return lefts;
}

function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x)) - 12;
  const y = Math.min(...boxes.map((box) => box.y)) - 20;
  return {
    x,
    y,
    width: Math.max(...boxes.map((box) => box.x + box.width)) + 12 - x,
    height: Math.max(...boxes.map((box) => box.y + box.height)) + 10 - y,
    columns: [
      Math.min(...boxes.map(({ columns }) => columns[0])),
      Math.max(...boxes.map(({ columns }) => columns[1])),
    ],
  };
}

/** Several events that lead the same way are one arrow. */
function merged(edges) {
  const byWay = new Map();
  for (const { from, to, label } of edges) {
    const way = `${from}\n${to}`;
    const labels = byWay.get(way)?.labels ?? [];
    if (!labels.includes(label)) labels.push(label);
    byWay.set(way, { from, to, labels });
  }
  return [...byWay.values()];
}

function edgeShape({ from, to, labels }, boxes, lowest, index, taken) {
  const one = boxes.get(from);
  const other = boxes.get(to);
  const { path, x, y, low } = curve(one, other, from === to, lowest, index);
  const lines = linesOf(labels);
  const key = `${from} ${to}`;
  const place = lines.length === 0 ? undefined : freePlace(x, y, lines, taken);
  if (place !== undefined) taken.push(place);
  return {
    low: Math.max(low, place === undefined ? 0 : place.y + place.height),
    line: h("g.edge", { key: `line ${key}` }, h("path", { d: path, "marker-end": "url(#arrow)" })),
    label:
      place === undefined
        ? undefined
        : h(
            "g.edge",
            { key: `label ${key}` },
            h("title", {}, labels.map(labelText).join(", ")),
            lines.map((line, at) =>
              h(
                "text",
                { x, y: place.y + (at + 1) * LINE_HEIGHT - 3, "text-anchor": "middle" },
                line,
              ),
            ),
          ),
  };
}

function linesOf(labels) {
  const texts = labels.map(labelText).filter((text) => text !== "");
  const shown = texts.slice(0, texts.length > LABELS_MAX ? LABELS_MAX - 1 : LABELS_MAX);
  const rest = texts.length - shown.length;
  return [
    ...shown.map((text) => short(text, LABEL_MAX)),
    ...(rest > 0 ? [`and ${rest} more`] : []),
  ];
}

function widthOf(lines) {
  return Math.max(0, ...lines.map(({ length }) => length)) * LETTER_WIDTH;
}

/** Where a label touches no state and no label that is there: as near to its arrow as there is room. */
function freePlace(x, y, lines, taken) {
  const width = widthOf(lines);
  const height = lines.length * LINE_HEIGHT;
  const at = (shift) => ({ x: x - width / 2, y: y + 3 - height + shift, width, height });
  const shifts = [0, 1, -1, 2, -2, 3, -3, 4, -4].map((each) => each * LINE_HEIGHT);
  const free = shifts.find((shift) => !taken.some((each) => touch(at(shift), each)));
  return at(free ?? 0);
}

function touch(one, other) {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  );
}

/** `after 172800000 ms` as people say it. */
function labelText(label) {
  return label.replace(/\b(\d{4,}) ?ms\b/g, (_all, ms) => span(Number(ms)));
}

function curve(one, other, isSelf, lowest, index) {
  const middle = (box) => box.y + box.height / 2;
  if (isSelf) {
    const x = one.x + one.width / 2;
    return {
      path: `M${x - 18} ${one.y}C${x - 24} ${one.y - 24} ${x + 24} ${one.y - 24} ${x + 18} ${one.y}`,
      x,
      y: one.y - 12,
      low: 0,
    };
  }
  if (other.x > one.x + one.width) {
    const [x1, y1, x2, y2] = [one.x + one.width, middle(one), other.x - 2, middle(other)];
    // One that passes over a column bends around what stands there.
    const isFar = other.columns[0] - one.columns[1] > 1 && Math.abs(y1 - y2) < HEIGHT;
    if (isFar) {
      const top = Math.min(one.y, other.y) - 22;
      return {
        path: `M${one.x + one.width - 20} ${one.y}C${x1 + 20} ${top - 8} ${x2 - 40} ${top - 8} ${other.x + 20} ${other.y - 2}`,
        x: (x1 + x2) / 2,
        y: top + 2,
        low: 0,
      };
    }
    const bend = (x2 - x1) / 2;
    return {
      path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
      x: (x1 + x2) / 2,
      // Of an arrow that is nearly level it stands above, of another on it.
      y: Math.abs(y1 - y2) < HEIGHT / 2 ? Math.min(y1, y2) - 6 : (y1 + y2) / 2 - 5,
      low: 0,
    };
  }
  if (Math.abs(other.x - one.x) < WIDTH) {
    const isDown = other.y > one.y;
    const x = one.x + one.width / 2 + (isDown ? -16 : 16);
    const [y1, y2] = isDown
      ? [one.y + one.height, other.y - 2]
      : [one.y, other.y + other.height + 2];
    return { path: `M${x} ${y1}L${x} ${y2}`, x, y: (y1 + y2) / 2 + 4, low: 0 };
  }
  const [x1, x2, low] = [
    one.x + one.width / 2 + 20,
    other.x + other.width / 2 - 20,
    lowest + 22 + (index % 4) * 12,
  ];
  return {
    path: `M${x1} ${one.y + one.height}C${x1} ${low + 8} ${x2} ${low + 8} ${x2} ${other.y + other.height + 2}`,
    x: (x1 + x2) / 2,
    y: low,
    low,
  };
}

function frameShape({ id, kind }, { x, y, width, height }) {
  return h(
    "g.group",
    { key: `frame ${id}` },
    h("rect", { x, y, width, height, rx: 10 }),
    h(
      "text.small",
      { x: x + 10, y: y + 14 },
      kind === "parallel" ? `${nameOf(id)} (all at once)` : nameOf(id),
    ),
  );
}

function nodeShape(
  { id, kind, active, parked, oldestSinceMs, initial },
  { x, y, width, height },
  isChosen,
  choose,
) {
  const classes = [
    parked > 0 ? "stuck" : active > 0 ? "busy" : "",
    kind === "final" ? "final" : "",
    isChosen ? "chosen" : "",
  ];
  const here = active > 0 ? `${count(active)}${kind === "final" ? " ended so" : " here"}` : "";
  const stuck = parked > 0 ? `${count(parked)} parked` : "";
  const oldest =
    oldestSinceMs !== undefined && kind !== "final" ? `oldest ${since(oldestSinceMs)}` : "";
  const inside = [here, stuck].filter((each) => each !== "").join(", ") || "nobody";
  const told = oldest === "" ? inside : `${inside}, ${oldest}`;
  const pick = () => choose(id);
  return h(
    "g.node",
    {
      key: `node ${id}`,
      class: classes.join(" "),
      role: "button",
      tabindex: 0,
      "aria-pressed": isChosen ? "true" : "false",
      "aria-label": `${id}${initial ? ", the beginning" : ""}${kind === "final" ? ", an end" : ""}: ${told}`,
      onClick: pick,
      onKeydown: (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        pick();
      },
    },
    h("rect", { x, y, width, height, rx: kind === "final" ? 26 : 8 }),
    h("text", { x: x + width / 2, y: y + 21, "text-anchor": "middle" }, short(nameOf(id), 17)),
    h("text.small", { x: x + width / 2, y: y + 38, "text-anchor": "middle" }, short(inside, 21)),
    h("text.small", { x: x + width / 2, y: y + 53, "text-anchor": "middle" }, short(oldest, 21)),
  );
}

function nameOf(id) {
  return id.slice(id.lastIndexOf(".") + 1);
}

function short(text, max) {
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}
