/** What an invocation runs, as XState finds it: by its name in the implementations, or where the state says it in place. */
import type { AnyStateMachine } from "xstate";

/** XState's name for logic in place: which invocation of which state. */
const IN_PLACE = /^xstate\.invoke\.(\d+)\.(.*)$/s;

/** Undefined where nothing is known by that name. */
export function logicOf(machine: AnyStateMachine, src: unknown): unknown {
  if (typeof src !== "string") return src;
  const [, index, nodeId] = IN_PLACE.exec(src) ?? [];
  if (nodeId === undefined) return machine.implementations.actors[src];
  const { config } = machine.getStateNodeById(nodeId);
  const invocations = [config.invoke].flat();
  return (invocations[Number(index)] as { readonly src: unknown } | undefined)?.src;
}
