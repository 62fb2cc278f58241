/**
 * The pure step of an aggregate: state and command to events and the next state, and to what the journal is asked to
 * append. No clock, no promises, nothing kept; an activation is this function with a mailbox in front.
 */
import type { AppendRequest } from "../journal/index.js";
import type { Message, Metadata, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { isolated } from "../src/kernel/isolate.js";
import type { Behavior, DecidedEvent } from "./behavior.js";
import type { DecideContext, DryRunAccepted, Rejected } from "./decision.js";
import { claimChanges } from "./entity-claims.js";
import { DecideFailedError, EvolveFailedError } from "./errors.js";

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
      state = behavior.evolve(state, event.type, data);
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
  commandId: string | undefined,
  metadata: Metadata | undefined,
  events: readonly DecidedEvent[],
  before: unknown,
  after: unknown,
): AppendRequest {
  const { claims } = behavior;
  return {
    streams: [{ streamId, expected: version, events }],
    commandId,
    metadata,
    claims: claims === undefined ? undefined : claimChanges(claims, before, after),
  };
}
