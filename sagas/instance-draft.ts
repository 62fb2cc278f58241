/** An instance while one command to it is decided: the events so far, and the state after them. */
import type { AnyMachineSnapshot } from "xstate";
import { OwnedEvent } from "../journal/index.js";
import type { Message } from "../src/kernel/event.js";
import type { IndexChanges, InstanceState, Place, SagaEvent } from "./instance.js";
import { evolveInstance, placeOf, samePlace } from "./instance-fold.js";

export class InstanceDraft {
  readonly events: Message[] = [];
  state: InstanceState;
  /** The machine at `state`, where it is known already. */
  snapshot: AnyMachineSnapshot | undefined;

  #isListed: boolean;

  /** @param isListed - False where nothing was recorded of the instance. */
  constructor(state: InstanceState, snapshot: AnyMachineSnapshot | undefined, isListed: boolean) {
    this.state = state;
    this.snapshot = snapshot;
    this.#isListed = isListed;
  }

  /** Adds an event, with what changes by it in the index. */
  record(event: SagaEvent): void {
    const before = this.state;
    this.state = evolveInstance(before, event);
    const from = this.#isListed ? placeOf(before) : undefined;
    const places = placesOf(from, placeOf(this.state));
    const data = { ...event.data, ...places, ...goneOf(before, this.state) };
    this.#isListed = true;
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

function placesOf(from: Place | undefined, to: Place): Pick<IndexChanges, "from" | "to"> {
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
