/** A session while one command to it is decided: the events so far, and the state after each of them. */
import { encode, isPlainlyRecordable, OwnedEvent } from "../../journal/index.js";
import type { IndexChanges } from "../delivery/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import { checkPlainData } from "../kernel/plain-data.js";
import type { LiveSession } from "./live-session.js";
import { evolveSession, placeOf } from "./session-fold.js";
import type { SessionEvent, SessionState } from "./session.js";

/** What one commit may hold. */
export type RecordLimits = Pick<
  Limits,
  "eventDataBytesMax" | "commitEventsMax" | "nestingDepthMax"
>;

/** A draft as it was. */
interface Mark {
  readonly state: SessionState;
  readonly isListed: boolean;
  readonly events: number;
}

export class SessionDraft {
  readonly events: OwnedEvent[] = [];
  /** After each of the events. */
  readonly states: SessionState[] = [];
  state: SessionState;
  /** The session in memory at `state`, where it is known. */
  live: LiveSession | undefined;
  #isListed: boolean;

  /** @param isListed - False where nothing was recorded of the session. */
  constructor(state: SessionState, live: LiveSession | undefined, isListed: boolean) {
    this.state = state;
    this.live = live;
    this.#isListed = isListed;
  }

  /** Adds an event, with what changes by it in the index. */
  record(event: SessionEvent): void {
    const before = this.state;
    const after = evolveSession(before, event);
    this.state = after;
    const data = { ...event.data, ...this.#places(before, after), ...goneOf(before, after) };
    this.#isListed = true;
    this.#add(event.type, data);
  }

  /** Adds an event that is for others. */
  tell({ type, data }: Message): void {
    this.#add(type, data);
  }

  mark(): Mark {
    return { state: this.state, isListed: this.#isListed, events: this.events.length };
  }

  /** What was added since doesn't count. */
  rewind({ state, isListed, events }: Mark): void {
    this.state = state;
    this.live = undefined;
    this.#isListed = isListed;
    this.events.length = events;
    this.states.length = events;
  }

  /** @throws InvalidArgumentError - What was added since can't be recorded. */
  checkFits(
    { events: first }: Mark,
    { commitEventsMax, eventDataBytesMax, nestingDepthMax }: RecordLimits,
  ): void {
    const { events } = this;
    if (events.length > commitEventsMax)
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

  /** All of it was copied on its way here, and nobody changes it. */
  #add(type: string, data: unknown): void {
    this.events.push(new OwnedEvent(type, data, 1, true));
    this.states.push(this.state);
  }

  #places(before: SessionState, after: SessionState): Pick<IndexChanges, "from" | "to"> {
    const isSame = before.status === after.status && before.version === after.version;
    if (!this.#isListed) return { to: placeOf(after) };
    return isSame ? {} : { from: placeOf(before), to: placeOf(after) };
  }
}

function goneOf(before: SessionState, after: SessionState): Pick<IndexChanges, "gone"> {
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
