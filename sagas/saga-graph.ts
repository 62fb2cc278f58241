/** A machine as data: its states and where they lead, with the instances that are in them. For whoever draws it. */
import type { AnyStateMachine, AnyStateNode } from "xstate";
import { eventLabel, guardLabel } from "./diagram-text.js";
import type { InstanceStatus } from "./instance.js";

/** A state of a machine. */
export interface GraphState {
  /** `shipping.packing`. */
  readonly id: string;
  /** Undefined at the top. */
  readonly parent?: string;
  readonly kind: "atomic" | "compound" | "parallel" | "final" | "history";
  /** Whether its parent begins with it; every region of a parallel state is begun with. */
  readonly initial: boolean;
  /** Instances that are in it or within it, those that came to their end there included. */
  readonly active: number;
  /** Instances that were parked there. */
  readonly parked: number;
  /** When the instance came that has been there longest, among the first 10,000 that go on; undefined where there is none. */
  readonly oldestSinceMs?: number;
}

/** A way from a state to another. */
export interface GraphEdge {
  /** Empty for the machine as a whole: from wherever it is. */
  readonly from: string;
  readonly to: string;
  /** The event, or the delay, and its guard. */
  readonly label: string;
}

/** A machine as data. */
export interface SagaGraph {
  readonly saga: string;
  readonly version: number;
  /** Parents before their children. */
  readonly states: readonly GraphState[];
  readonly edges: readonly GraphEdge[];
}

/** Instances somewhere. */
export interface Standing {
  readonly status: InstanceStatus;
  readonly state: string;
  readonly instances: number;
  /** When the first of those came that were looked at. */
  readonly oldestSinceMs: number | undefined;
}

/** The states and edges of a machine; nothing is run. */
export function graphOf(
  machine: AnyStateMachine,
  standings: readonly Standing[],
): Pick<SagaGraph, "states" | "edges"> {
  const sums = sumsByPath(standings);
  const states: GraphState[] = [];
  const edges: GraphEdge[] = [];
  const visit = (node: AnyStateNode) => {
    if (node.parent !== undefined) states.push(stateOf(node, node.parent as AnyStateNode, sums));
    edges.push(...edgesOf(node));
    for (const child of Object.values(node.states) as AnyStateNode[]) visit(child);
  };
  visit(machine.root);
  return { states, edges };
}

function stateOf(
  node: AnyStateNode,
  parent: AnyStateNode,
  sums: ReadonlyMap<string, Sum>,
): GraphState {
  const id = idOf(node);
  const { active = 0, parked = 0, oldestSinceMs } = sums.get(id) ?? {};
  return {
    id,
    ...(parent.parent === undefined ? {} : { parent: idOf(parent) }),
    kind: node.type,
    initial: isInitial(node, parent),
    active,
    parked,
    ...(oldestSinceMs === undefined ? {} : { oldestSinceMs }),
  };
}

function isInitial(node: AnyStateNode, parent: AnyStateNode): boolean {
  if (parent.type === "parallel") return true;
  const targets = parent.initial.target as readonly AnyStateNode[];
  return targets.some((target) => target === node || idOf(target).startsWith(`${idOf(node)}.`));
}

function edgesOf(node: AnyStateNode): GraphEdge[] {
  const edges: GraphEdge[] = [];
  for (const transition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
    const guard = guardLabel(transition.guard);
    const event = eventLabel(node, transition.eventType as string, guard !== "");
    const label = [event, guard].filter((part) => part !== "").join(" ");
    for (const target of transition.target ?? [])
      edges.push({ from: idOf(node), to: idOf(target), label });
  }
  return edges;
}

function idOf(node: AnyStateNode): string {
  return node.path.join(".");
}

interface Sum {
  active: number;
  parked: number;
  oldestSinceMs: number | undefined;
}

/** An instance counts for the states that it is in, and for those around them. */
function sumsByPath(standings: readonly Standing[]): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const { status, state, instances, oldestSinceMs } of standings) {
    if (status === "waiting" || status === "ended") continue;
    for (const path of pathsOf(state)) {
      const sum = sums.get(path) ?? { active: 0, parked: 0, oldestSinceMs: undefined };
      if (status === "parked") sum.parked += instances;
      else sum.active += instances;
      if (oldestSinceMs !== undefined)
        sum.oldestSinceMs = Math.min(sum.oldestSinceMs ?? Infinity, oldestSinceMs);
      sums.set(path, sum);
    }
  }
  return sums;
}

function pathsOf(state: string): Set<string> {
  const paths = new Set<string>();
  for (const leaf of state.split(" & ")) {
    const parts = leaf.split(".");
    parts.forEach((_, index) => paths.add(parts.slice(0, index + 1).join(".")));
  }
  return paths;
}
