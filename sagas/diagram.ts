import type { AnyStateMachine } from "xstate";
export function sagaDiagram(
  machine: AnyStateMachine,
  _counts?: ReadonlyMap<string, number>,
): string {
  return machine.id;
}
