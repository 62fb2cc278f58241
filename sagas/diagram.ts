/**
 * A machine as a Mermaid state diagram. Mermaid draws no transition into or out of the middle of a composite state: such a
 * one is drawn between the two states that stand side by side, and says which it means. Transitions without a target
 * aren't drawn.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { DiagramIds } from "./diagram-ids.js";
import { eventLabel, guardLabel, textOf } from "./diagram-text.js";

type Transition = NonNullable<AnyStateNode["always"]>[number];

interface Edge {
  readonly from: AnyStateNode;
  readonly to: AnyStateNode;
  readonly label: string;
}

/**
 * @param machine - As it is defined; nothing is run.
 * @param counts - Instances by the name of their state: `paying`, `shipping.packing`, `left.a & right.b`. A state they are in shows
 *   how many, and so do those around it.
 * @returns Mermaid text: `stateDiagram-v2` and one statement a line.
 */
export function sagaDiagram(
  machine: AnyStateMachine,
  counts: ReadonlyMap<string, number> = new Map(),
): string {
  return new Diagram(machine.root, counts).text();
}

class Diagram {
  readonly #root: AnyStateNode;
  readonly #ids: DiagramIds;
  readonly #instances: ReadonlyMap<string, number>;
  /** By the state in whose block they are drawn. */
  readonly #edges = new Map<AnyStateNode, Edge[]>();
  /** Of the machine as a whole: from wherever it is. */
  readonly #fromAnywhere: Edge[] = [];
  readonly #lines: string[] = ["stateDiagram-v2"];

  constructor(root: AnyStateNode, counts: ReadonlyMap<string, number>) {
    this.#root = root;
    this.#ids = new DiagramIds(root);
    this.#instances = instancesByPath(counts);
    this.#gather(root);
  }

  text(): string {
    if (childrenOf(this.#root).length === 0) this.#state(this.#root, "  ");
    else this.#inside(this.#root, "  ");
    if (this.#fromAnywhere.length > 0) {
      const id = this.#ids.anywhere;
      this.#line("  ", `${id} : any state`);
      for (const { to, label } of this.#fromAnywhere)
        this.#line("  ", arrow(id, this.#ids.of(to), label));
    }
    return `${this.#lines.join("\n")}\n`;
  }

  #gather(node: AnyStateNode): void {
    for (const transitions of node.transitions.values())
      for (const transition of transitions) this.#gatherEdges(node, transition);
    for (const transition of node.always ?? []) this.#gatherEdges(node, transition);
    // A history that remembers nothing yet leads somewhere.
    if (node.type === "history")
      for (const target of historyDefault(node)) this.#edge(node, target, "");
    for (const child of childrenOf(node)) this.#gather(child);
  }

  #gatherEdges(source: AnyStateNode, transition: Transition): void {
    const guard = guardLabel(transition.guard);
    const event = eventLabel(source, transition.eventType as string, guard !== "");
    for (const target of transition.target ?? [])
      this.#edge(source, target, [event, guard].filter((part) => part !== "").join(" "));
  }

  #edge(source: AnyStateNode, target: AnyStateNode, label: string): void {
    const { from, to } = sideBySide(source, target);
    const words = [label];
    if (from !== source && from !== this.#root) words.push(`from ${relative(source, from)}`);
    if (to !== target) words.push(`to ${relative(target, to)}`);
    const edge = { from, to, label: words.filter((word) => word !== "").join(" ") };
    if (from !== this.#root) {
      const parent = from.parent as AnyStateNode;
      const edges = this.#edges.get(parent);
      if (edges === undefined) this.#edges.set(parent, [edge]);
      else edges.push(edge);
      return;
    }
    // The machine has no box of its own that an arrow could begin or end at.
    const top = topOf(target);
    if (top === this.#root) return;
    const to2 = target === top ? "" : ` to ${relative(target, top)}`;
    this.#fromAnywhere.push({ from, to: top, label: `${label}${to2}` });
  }

  /** What stands within a state: its children, how one enters, and the transitions between them. */
  #inside(node: AnyStateNode, indent: string): void {
    const children = childrenOf(node);
    if (node.type === "parallel") {
      children.forEach((child, index) => {
        if (index > 0) this.#line(indent, "--");
        this.#line(indent, arrow("[*]", this.#ids.of(child)));
        this.#state(child, indent);
      });
    } else {
      for (const initial of node.initial.target as AnyStateNode[])
        this.#line(indent, arrow("[*]", this.#ids.of(childOf(node, initial))));
      for (const child of children) this.#state(child, indent);
    }
    for (const { from, to, label } of this.#edges.get(node) ?? [])
      this.#line(indent, arrow(this.#ids.of(from), this.#ids.of(to), label));
    for (const child of children)
      if (child.type === "final") this.#line(indent, arrow(this.#ids.of(child), "[*]"));
  }

  #state(node: AnyStateNode, indent: string): void {
    const id = this.#ids.of(node);
    const label = this.#labelOf(node);
    const isPlain = label === id;
    if (childrenOf(node).length === 0) {
      this.#line(indent, isPlain ? id : `${id} : ${label}`);
      return;
    }
    if (!isPlain) this.#line(indent, `${id} : ${label}`);
    this.#line(indent, `state ${id} {`);
    this.#inside(node, `${indent}  `);
    this.#line(indent, "}");
  }

  #labelOf(node: AnyStateNode): string {
    const instances = this.#instances.get(node.path.join(".")) ?? 0;
    const name = node.type === "history" ? (node.history === "deep" ? "H*" : "H") : node.key;
    return textOf(instances === 0 ? name : `${name} (${instances})`);
  }

  #line(indent: string, statement: string): void {
    this.#lines.push(indent + statement);
  }
}

/** Two states with the same parent that a transition can be drawn between, or one that it leads around. */
function sideBySide(
  source: AnyStateNode,
  target: AnyStateNode,
): { readonly from: AnyStateNode; readonly to: AnyStateNode } {
  const common = commonAncestor(source, target);
  const isRegion = common.type === "parallel";
  // Out of a state to one around it, the other way round, or from one region to another.
  if (common === source || common === target || isRegion) return { from: common, to: common };
  return { from: childOf(common, source), to: childOf(common, target) };
}

function commonAncestor(a: AnyStateNode, b: AnyStateNode): AnyStateNode {
  const around = new Set(withAncestors(a));
  return withAncestors(b).find((node) => around.has(node)) ?? a;
}

function withAncestors(node: AnyStateNode): AnyStateNode[] {
  const nodes = [node];
  for (let at = node.parent as AnyStateNode | undefined; at !== undefined; at = at.parent)
    nodes.push(at);
  return nodes;
}

/** The child of a state that another one is, or is within. */
function childOf(parent: AnyStateNode, node: AnyStateNode): AnyStateNode {
  return withAncestors(node).find((each) => each.parent === parent) ?? node;
}

function topOf(node: AnyStateNode): AnyStateNode {
  const nodes = withAncestors(node);
  return nodes[Math.max(0, nodes.length - 2)] ?? node;
}

function relative(node: AnyStateNode, within: AnyStateNode): string {
  return textOf(node.path.slice(within.path.length).join("."));
}

function childrenOf(node: AnyStateNode): AnyStateNode[] {
  return Object.values(node.states) as AnyStateNode[];
}

function historyDefault({ config, parent }: AnyStateNode): AnyStateNode[] {
  const { target } = config as { readonly target?: unknown };
  const key = typeof target === "string" ? target.replace(/^\./, "") : "";
  const found = parent?.states[key] as AnyStateNode | undefined;
  return found === undefined ? [] : [found];
}

/** How many instances are in a state or within it, by its path. */
function instancesByPath(counts: ReadonlyMap<string, number>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, instances] of counts) {
    const paths = new Set<string>();
    for (const leaf of name.split(" & ")) {
      const parts = leaf.split(".");
      parts.forEach((_, index) => paths.add(parts.slice(0, index + 1).join(".")));
    }
    for (const path of paths) sums.set(path, (sums.get(path) ?? 0) + instances);
  }
  return sums;
}

function arrow(from: string, to: string, label = ""): string {
  return label === "" ? `${from} --> ${to}` : `${from} --> ${to} : ${label}`;
}
