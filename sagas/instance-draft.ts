/** An instance while one command to it is decided: the events so far, and the state after them. */
import type { AnyMachineSnapshot } from "xstate";
import type { Message } from "../src/kernel/event.js";
import { NEW_INSTANCE, type InstanceState, type Place, type SagaEvent } from "./instance.js";
import { evolveInstance, placeOf, samePlace } from "./instance-fold.js";

export class InstanceDraft {
  readonly events: Message[] = [];
  state: InstanceState;
  /** The machine at `state`, where it is known already. */
  snapshot: AnyMachineSnapshot | undefined;

  constructor(state: InstanceState, snapshot: AnyMachineSnapshot | undefined) {
    this.state = state;
    this.snapshot = snapshot;
  }

  /** Adds an event, with where the instance was listed and is now. */
  record(event: SagaEvent): void {
    const before = this.state;
    this.state = evolveInstance(before, event);
    this.events.push({
      type: event.type,
      data: { ...event.data, ...placesOf(before, this.state) },
    });
  }

  /** Adds an event of the machine, for others. */
  emit(event: Message): void {
    this.events.push(event);
  }
}

function placesOf(
  before: InstanceState,
  after: InstanceState,
): { readonly from?: Place; readonly to?: Place } {
  const from = isNew(before) ? undefined : placeOf(before);
  const to = placeOf(after);
  if (from === undefined) return { to };
  return samePlace(from, to) ? {} : { from, to };
}

/** Nothing was recorded of it. */
export function isNew(state: InstanceState): boolean {
  return (
    state === NEW_INSTANCE ||
    (state.step === 0 &&
      state.kept.length === 0 &&
      state.status === "waiting" &&
      state.position === 0)
  );
}
