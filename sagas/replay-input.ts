/** One recorded input again, on the state that it met: for tests that compare what a machine decides now with what it did then. */
import type { Message } from "../src/kernel/event.js";
import { InstanceDraft } from "./instance-draft.js";
import { stepOrPark } from "./instance-step.js";
import type { InstanceState, SagaInput } from "./instance.js";
import type { Saga } from "./saga.js";

/** An input with what it met. */
export interface ReplayedInput {
  readonly instanceId: string;
  readonly before: InstanceState;
  readonly input: SagaInput;
  /** Inputs that were released with it, and taken after it. */
  readonly waiting: readonly SagaInput[];
  readonly nowMs: number;
}

/** @returns `saga.stepped` and what the machine emitted, `saga.ignored`, or `saga.parked`. */
export function replayInput(
  saga: Saga,
  { instanceId, before, input, waiting, nowMs }: ReplayedInput,
): readonly Message[] {
  const draft = new InstanceDraft(before, undefined, true);
  stepOrPark(draft, input, { saga, instanceId, nowMs }, waiting);
  return draft.events.map(({ type, data }) => ({ type, data }));
}
