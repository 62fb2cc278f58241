/** An instance while one command to it is decided: the events so far, and the state after them. */
import type { AnyMachineSnapshot } from "xstate";
import { OwnedEvent } from "../journal/index.js";
import type { Message } from "../src/kernel/event.js";
import {
  NEW_INSTANCE,
  type IndexChanges,
  type InstanceState,
  type Place,
  type SagaEvent,
} from "./instance.js";
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

  /** Adds an event, with what changes by it in the index. */
  record(event: SagaEvent): void {
    const before = this.state;
    this.state = evolveInstance(before, event);
    const data = { ...event.data, ...placesOf(before, this.state), ...goneOf(before, this.state) };
    this.#add(event.type, data);
  }

  /** Adds an event of the machine, for others. */
  emit({ type, data }: Message): void {
    this.#add(type, data);
  }

  /** All of it was copied on its way here, and nobody changes it. */
  #add(type: string, data: unknown): void {
    this.events.push(new OwnedEvent(type, data, 1, true));
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

function goneOf(before: InstanceState, after: InstanceState): Pick<IndexChanges, "gone"> {
  if (before.timers === after.timers && before.commands === after.commands) return {};
  const set = new Set(after.timers);
  const timers = before.timers.filter((timer) => !set.has(timer));
  const pending = new Set(after.commands);
  const commands = before.commands.filter((command) => !pending.has(command));
  if (timers.length === 0 && commands.length === 0) return {};
  return {
    gone: {
      ...(timers.length === 0 ? {} : { timers: timers.map(({ id, dueAtMs }) => [id, dueAtMs]) }),
      ...(commands.length === 0
        ? {}
        : { commands: commands.map(({ aggregate, id }) => [aggregate, id]) }),
    },
  };
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
