/** Ids of states that Mermaid's lexer takes for ids: letters, digits and underscores, each once, none of its words. */
import type { AnyStateNode } from "xstate";

/** Words at which its lexer thinks of something else, and names that its tables of states inherit. */
const WORDS = new Set([
  ...["default", "state", "statediagram", "note", "class", "classdef", "style", "scale", "as"],
  ...["end", "direction", "hide", "acctitle", "accdescr", "click", "href", "left", "right"],
  ...[
    "root_start",
    "root_end",
    "constructor",
    "tostring",
    "valueof",
    "__proto__",
    "hasownproperty",
  ],
]);

export class DiagramIds {
  readonly #ids = new Map<AnyStateNode, string>();
  /** In lower case: the lexer reads both alike. */
  readonly #taken = new Set(WORDS);
  /** Stands for wherever the machine is. */
  readonly anywhere: string;

  constructor(root: AnyStateNode) {
    this.#assign(root);
    this.anywhere = this.#free("any_state");
  }

  of(node: AnyStateNode): string {
    return this.#ids.get(node) as string;
  }

  #assign(node: AnyStateNode): void {
    const words = node.path.length === 0 ? [node.key] : node.path;
    const children = Object.values(node.states) as AnyStateNode[];
    const wanted = words.join("_").replaceAll(/[^A-Za-z0-9_]/g, "_");
    // Mermaid gives these ids to the dots in which a composite state begins and ends.
    const dots = children.length === 0 ? [] : ["_start", "_end"];
    this.#ids.set(node, this.#free(wanted, dots));
    for (const child of children) this.#assign(child);
  }

  #free(wanted: string, endings: readonly string[] = []): string {
    const base = wanted === "" ? "_" : wanted;
    const namesOf = (id: string) => [id, ...endings.map((ending) => id + ending)];
    const isFree = (name: string) => !this.#taken.has(name.toLowerCase());
    let id = base;
    for (let number = 2; !namesOf(id).every(isFree); number++) id = `${base}_${number}`;
    for (const name of namesOf(id)) this.#taken.add(name.toLowerCase());
    return id;
  }
}
