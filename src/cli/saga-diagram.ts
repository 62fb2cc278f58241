/** The machine of a saga as text. */
import type { GraphState, SagaGraph } from "../index.js";
import type { Rendered } from "./output.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { count, durationText, grouped } from "./text.js";

/** A row for each state, indented under its parent, with where it leads. */
export function diagramLines(shell: Shell, diagram: SagaGraph): (string | Rendered)[] {
  const nowMs = Date.now();
  return [
    `${diagram.saga}, version ${diagram.version}`,
    table(
      shell,
      ["state", "kind", ">active", ">parked", ">oldest", "leads to"],
      diagram.states.map((state) => [
        `${"  ".repeat(depthOf(diagram, state))}${state.id.slice(state.parent === undefined ? 0 : state.parent.length + 1)}${state.initial ? " (initial)" : ""}`,
        state.kind,
        countOf(state.active),
        { text: countOf(state.parked), style: "red" },
        state.oldestSinceMs === undefined ? "" : durationText(nowMs - state.oldestSinceMs),
        diagram.edges
          .filter(({ from }) => from === state.id)
          .map(({ to, label }) => `${label} → ${to}`)
          .join(", "),
      ]),
    ),
  ];
}

function countOf(instances: number): string {
  return instances === 0 ? "" : grouped(instances);
}

function depthOf({ states }: SagaGraph, state: GraphState): number {
  let depth = 0;
  for (let at = state.parent; at !== undefined; depth++)
    at = states.find(({ id }) => id === at)?.parent;
  return depth;
}

/** For a page of Markdown; a state with instances says how many. */
export function mermaidOf({ states, edges }: SagaGraph): string[] {
  const name = (id: string) => id.replace(/\W/g, "_");
  return [
    "stateDiagram-v2",
    ...states.map(
      ({ id, active }) =>
        `  state "${id}${active === 0 ? "" : `: ${count(active, "instance")}`}" as ${name(id)}`,
    ),
    ...states
      .filter(({ initial, parent }) => initial && parent === undefined)
      .map(({ id }) => `  [*] --> ${name(id)}`),
    ...edges.map(({ from, to, label }) => `  ${name(from)} --> ${name(to)}: ${label}`),
    ...states
      .filter(({ kind, parent }) => kind === "final" && parent === undefined)
      .map(({ id }) => `  ${name(id)} --> [*]`),
  ];
}
