/** When an aggregate's state is copied, so that hydration needn't fold the whole history. Any of the conditions will do. */
import type { DataOf, Message, Version } from "../src/kernel/event.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { checkArray, checkInteger, checkObject } from "../src/kernel/check.js";

/** When copies of a state are kept: each rule that is given, independently of the others. */
export interface SnapshotPolicy<State, Event extends Message> {
  /** After so many events since the last one; defaults to 100, 0 turns this off. */
  readonly everyEvents?: number;
  /** With the first event that comes so long after the last one. */
  readonly everyMs?: number;
  /** With every event of these types. */
  readonly onEvents?: readonly Event["type"][];
  /** When this says so, of the state after an event. Pure. */
  readonly when?: (
    state: State,
    event: { [T in Event["type"]]: { type: T; data: DataOf<Event, T> } }[Event["type"]],
  ) => boolean;
  /** When an activation ends; defaults to false. */
  readonly onPassivation?: boolean;
  /** `"behind"` (default) writes while others go on; `"before-reply"` answers the command only after the snapshot is kept. */
  readonly mode?: "behind" | "before-reply";
  /** Newest ones to keep; defaults to 1. */
  readonly keep?: number;
}

/** The same with every choice made, without the types of one aggregate. */
export interface SnapshotRules {
  readonly everyEvents: number;
  readonly everyMs: number;
  readonly onEvents: ReadonlySet<string>;
  readonly when: ((state: unknown, event: Message) => boolean) | undefined;
  readonly onPassivation: boolean;
  readonly beforeReply: boolean;
  readonly keep: number;
}

const EVERY_EVENTS = 100;

/** @throws InvalidArgumentError - A number is out of range, or an event type isn't the aggregate's. */
export function snapshotRulesOf(
  name: string,
  policy: SnapshotPolicy<never, never> | false | undefined,
  eventTypes: ReadonlySet<string>,
): SnapshotRules | undefined {
  if (policy === false) return undefined;
  if (policy !== undefined) checkObject(`snapshots of ${name}`, policy);
  const {
    everyEvents = EVERY_EVENTS,
    everyMs = 0,
    onEvents = [],
    when,
    mode = "behind",
    keep = 1,
  } = policy ?? {};
  checkInteger(`snapshots.everyEvents of ${name}`, everyEvents, 0, Number.MAX_SAFE_INTEGER);
  checkInteger(`snapshots.everyMs of ${name}`, everyMs, 0, Number.MAX_SAFE_INTEGER);
  checkInteger(`snapshots.keep of ${name}`, keep, 1, 1_000);
  if (!["behind", "before-reply"].includes(mode)) {
    throw new InvalidArgumentError(`snapshots.mode of ${name}`, '"behind" or "before-reply"', mode);
  }
  checkArray(`snapshots.onEvents of ${name}`, onEvents);
  for (const type of onEvents as readonly string[]) {
    if (!eventTypes.has(type))
      throw new InvalidArgumentError(
        `snapshots.onEvents of ${name}`,
        "types that evolve handles",
        type,
      );
  }
  return {
    everyEvents,
    everyMs,
    onEvents: new Set(onEvents),
    when: when as SnapshotRules["when"],
    onPassivation: policy?.onPassivation ?? false,
    beforeReply: mode === "before-reply",
    keep,
  };
}

/** When an entity's last snapshot was taken, and so when the next one is due. */
export class SnapshotPace {
  version: Version = 0;
  #atMs = 0;

  taken(version: Version, atMs: number): void {
    this.version = version;
    this.#atMs = atMs;
  }

  /** Whether the commit that brought `events`, and led to `version` and `state`, is one to keep a snapshot of. */
  isDue(
    rules: SnapshotRules,
    version: Version,
    nowMs: number,
    events: readonly Message[],
    state: unknown,
  ): boolean {
    if (rules.everyEvents > 0 && version - this.version >= rules.everyEvents) return true;
    if (rules.everyMs > 0 && nowMs - this.#atMs >= rules.everyMs) return true;
    if (rules.onEvents.size > 0 && events.some((event) => rules.onEvents.has(event.type)))
      return true;
    const { when } = rules;
    return when !== undefined && events.some((event) => when(state, event));
  }
}
