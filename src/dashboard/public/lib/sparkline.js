/** A small line of the last minutes. */
import { h } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 28;
const POINTS_MAX = 120;

/** The last values of some figures, by name. */
export class Samples {
  #byName = new Map();

  add(name, value) {
    const values = this.#byName.get(name) ?? [];
    values.push(value);
    if (values.length > POINTS_MAX) values.shift();
    this.#byName.set(name, values);
  }

  of(name) {
    return this.#byName.get(name) ?? [];
  }
}

export function sparkline(label, values, show) {
  if (values.length < 2)
    return h("svg.spark", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" });
  const max = Math.max(...values);
  const min = Math.min(0, ...values);
  const y = (value) => HEIGHT - 2 - ((value - min) / (max - min || 1)) * (HEIGHT - 4);
  const x = (index) => (index / (values.length - 1)) * WIDTH;
  const line = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`);
  const text = `${label}, the last ${values.length} looks: from ${show(Math.min(...values))} to ${show(max)}`;
  return h(
    "svg.spark",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": text,
    },
    h("polygon", { points: `0,${HEIGHT} ${line.join(" ")} ${WIDTH},${HEIGHT}` }),
    h("polyline", { points: line.join(" ") }),
  );
}
