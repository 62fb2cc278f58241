/**
 * The pure step of an aggregate: state and command to events and the next state, and to what the journal is asked to
 * append. No clock, no promises, nothing kept; an activation is this function with a mailbox in front.
 */
import type { AppendRequest } from "../journal/index.js";
import type { Message, Version } from "../src/kernel/event.js";
import { entityIdOf, type StreamId } from "../src/kernel/ids.js";
import { isolated } from "../src/kernel/isolate.js";
import { TOMBSTONED } from "../src/kernel/life-events.js";
import type { Behavior, DecidedEvent } from "./behavior.js";
import type { CommandOptions, LifeStep } from "./call.js";
import { reject, type DecideContext, type DryRunAccepted, type Rejected } from "./decision.js";
import { claimChanges } from "./entity-claims.js";
import { DecideFailedError, EvolveFailedError } from "./errors.js";
import { workingCopy } from "./state-copy.js";

/** An entity at a version. */
interface Entity {
  readonly behavior: Behavior;
  readonly streamId: StreamId;
  readonly version: Version;
}

/** @throws DecideFailedError - `decide` threw, or said something that isn't a decision. */
export function decideStep(
  { behavior, streamId, version }: Entity,
  state: unknown,
  commandType: string,
  data: unknown,
  context: DecideContext,
): Rejected | readonly DecidedEvent[] {
  try {
    return behavior.decide(state, commandType, data, context);
  } catch (cause) {
    throw new DecideFailedError(streamId, version, commandType, { cause });
  }
}

/** What is decided without the aggregate: by the runtime itself, or because the entity has ended; undefined for all else. */
export function decideLifeStep(
  { behavior, streamId, version }: Entity,
  state: unknown,
  step: LifeStep | undefined,
  isTombstoned: boolean,
): Rejected | readonly DecidedEvent[] | undefined {
  if (step !== undefined) return step.decide(workingCopy(state), isTombstoned);
  return isTombstoned && !behavior.reusableIds
    ? reject("tombstoned", { streamId, version })
    : undefined;
}

/** @throws EvolveFailedError - `evolve` threw, or led to a state that doesn't fit its schema. */
export function evolveStep(
  { behavior, streamId, version }: Entity,
  before: unknown,
  events: readonly DecidedEvent[],
): unknown {
  let state = before;
  let reached = version;
  for (const event of events) {
    reached += 1;
    try {
      // A copy: the event is also given to the caller, who must not share an object with the state.
      const data = event.immutable ? event.data : isolated(event.data);
      state =
        event.type === TOMBSTONED
          ? behavior.initialState(entityIdOf(streamId))
          : behavior.evolve(state, event.type, data);
      behavior.checkState(state);
    } catch (cause) {
      throw new EvolveFailedError(streamId, reached, event.type, { cause });
    }
  }
  return state;
}

/**
 * What a command would lead to.
 *
 * @param before - A copy of the state, which evolve may change.
 * @throws EvolveFailedError - Like {@link evolveStep}.
 */
export function dryRunStep(
  entity: Entity,
  before: unknown,
  events: readonly DecidedEvent[],
): DryRunAccepted<unknown, Message> {
  const state = evolveStep(entity, before, events);
  const decided = events.map(({ type, data }) => ({ type, data }));
  return { status: "accepted", version: entity.version + events.length, events: decided, state };
}

/** The commit that a step asks for: its events at the version it was decided on, and the claims that the states imply. */
export function appendRequestOf(
  { behavior, streamId, version }: Entity,
  { commandId, metadata, step }: CommandOptions,
  events: readonly DecidedEvent[],
  before: unknown,
  after: unknown,
): AppendRequest {
  const { claims } = behavior;
  const truncation = step?.truncates === true ? { truncateBefore: version + 1 } : {};
  return {
    streams: [{ streamId, expected: version, events, ...truncation }],
    commandId,
    metadata,
    claims: claims === undefined ? undefined : claimChanges(claims, before, after),
  };
}
