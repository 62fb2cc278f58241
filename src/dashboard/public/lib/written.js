/** What is written to a disk: the panel's folder, and the name that is asked for in a dialog. */
import { h } from "./dom.js";
import { nowMs } from "./format.js";

/** As the server takes it. */
const NAME = "[A-Za-z0-9][A-Za-z0-9._\\-]{0,119}";

/** Fields of a dialog that asks for a name in a folder. */
export function nameField(label, folder, proposed) {
  return {
    nodes: (id) => [
      h("label", { for: `${id}n` }, label, h("span.unit", {}, ` in ${folder}`)),
      h("input", {
        id: `${id}n`,
        name: "name",
        type: "text",
        autocomplete: "off",
        required: true,
        pattern: NAME,
        title: "Letters, digits, dots, dashes and underscores",
        value: proposed,
      }),
    ],
    input: (data) => ({ name: String(data.get("name")).trim() }),
  };
}

/** `2026-06-18-1430`. */
export function dateForName() {
  return new Date(nowMs()).toISOString().slice(0, 16).replace("T", "-").replace(":", "");
}

/** What of an id may stand in a name of a file. */
export function nameOfId(id) {
  return id
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 80);
}
