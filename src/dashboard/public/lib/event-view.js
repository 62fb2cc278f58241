/** Events and changes, as they are shown in lists. */
import { h } from "./dom.js";
import { jsonLine, jsonView } from "./json-view.js";
import { hiddenPayload } from "./parts.js";

export function dataLine({ data, hidden }) {
  if (hidden === true) return hiddenPayload();
  return data === undefined ? h("span.unit", {}, "no data") : h("span.mono", {}, jsonLine(data));
}

export function dataView({ data, hidden }) {
  if (hidden === true) return hiddenPayload();
  return data === undefined ? h("span.unit", {}, "no data") : jsonView(data);
}

/** What an event changed, leaf by leaf. */
export function changeList(changes, hidden = false) {
  if (changes.length === 0) return h("p.note", {}, "It changed nothing in the state.");
  return h(
    "dl.json.changes",
    {},
    changes.map((change) =>
      h(
        "div",
        { key: `c${change.path}` },
        h("dt", {}, change.path === "" ? "(all)" : change.path),
        h("dd", {}, hidden || change.hidden === true ? hiddenPayload() : sides(change)),
      ),
    ),
  );
}

function sides(change) {
  const hasBefore = Object.hasOwn(change, "before");
  const hasAfter = Object.hasOwn(change, "after");
  return [
    hasBefore && h("del.before", {}, jsonLine(change.before)),
    hasBefore && hasAfter && " → ",
    hasAfter && h("ins.after", {}, jsonLine(change.after)),
  ];
}
