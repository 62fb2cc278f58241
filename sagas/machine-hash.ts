/**
 * A fingerprint of what of a machine is stored with its instances or decides what becomes of them: states, events, targets,
 * delays, invocations. Sources of functions aren't part of it, since a compiler changes them without meaning anything.
 */
import { createHash } from "node:crypto";
import type { AnyStateMachine, AnyStateNode } from "xstate";

const HASH_LENGTH = 8;

export function machineHash(machine: AnyStateMachine): string {
  const shape = JSON.stringify(shapeOf(machine.root));
  return createHash("sha256").update(shape).digest("hex").slice(0, HASH_LENGTH);
}

function shapeOf(node: AnyStateNode): unknown {
  const transitions = [...node.transitions].map(([type, list]) => [
    type,
    list.map(({ target, guard }) => [target?.map(({ id }) => id) ?? null, nameOf(guard)]),
  ]);
  const always = (node.always ?? []).map(({ target, guard }) => [
    target?.map(({ id }) => id) ?? null,
    nameOf(guard),
  ]);
  return [
    node.id,
    node.type,
    node.history,
    node.initial.target.map(({ id }) => id),
    transitions,
    always,
    node.after.map(({ delay }) => nameOf(delay)),
    node.invoke.map(({ id }) => id),
    (Object.values(node.states) as AnyStateNode[]).map(shapeOf),
  ];
}

/** Names and numbers; of a function just that it is one. */
function nameOf(part: unknown): unknown {
  if (typeof part === "string" || typeof part === "number") return part;
  if (typeof part === "object" && part !== null) return (part as { readonly type?: unknown }).type;
  return typeof part;
}
