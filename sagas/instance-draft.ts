/** An instance while one command to it is decided: the events so far, and the state after them. */
import type { AnyMachineSnapshot } from "xstate";
import { encode, isPlainlyRecordable, OwnedEvent } from "../journal/index.js";
import type { IndexChanges } from "../src/delivery/index.js";
import type { Message } from "../src/kernel/event.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Limits } from "../src/kernel/limits.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import type { InstanceState, Place, SagaEvent } from "./instance.js";
import { evolveInstance, placeOf, samePlace } from "./instance-fold.js";

/** What one commit may hold. */
export type RecordLimits = Pick<
  Limits,
  "eventDataBytesMax" | "commitEventsMax" | "nestingDepthMax"
>;

/** A draft as it was. */
interface Mark {
  readonly state: InstanceState;
  readonly isListed: boolean;
  readonly events: number;
}

export class InstanceDraft {
  readonly events: OwnedEvent[] = [];
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

  mark(): Mark {
    return { state: this.state, isListed: this.#isListed, events: this.events.length };
  }

  /** What was added since doesn't count. */
  rewind({ state, isListed, events }: Mark): void {
    this.state = state;
    this.snapshot = undefined;
    this.#isListed = isListed;
    this.events.length = events;
  }

  /**
   * @param waiting - How many events may come with it.
   * @throws InvalidArgumentError - What was added since can't be recorded.
   */
  checkFits(
    { events: first }: Mark,
    waiting: number,
    { commitEventsMax, eventDataBytesMax, nestingDepthMax }: RecordLimits,
  ): void {
    const { events } = this;
    if (events.length + waiting > commitEventsMax)
      throw new InvalidArgumentError(
        "events",
        `at most ${commitEventsMax} in a commit`,
        events.length,
      );
    for (let index = first; index < events.length; index++) {
      const event = events[index] as OwnedEvent;
      const { type, data } = event;
      event.isChecked = isPlainlyRecordable(data, eventDataBytesMax, nestingDepthMax);
      if (event.isChecked) continue;
      checkPlainData(`data of event ${type}`, data, nestingDepthMax);
      const { length } = encode(data);
      if (length > eventDataBytesMax)
        throw new InvalidArgumentError(
          `data of event ${type}`,
          `at most ${eventDataBytesMax} bytes when encoded`,
          length,
        );
    }
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
