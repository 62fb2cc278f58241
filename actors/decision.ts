/** What `decide` may say, and what its caller hears. */
import type { Commit } from "../journal/index.js";
import type { Message, Position, RecordedEvent, Version } from "../src/kernel/event.js";

/** A refusal: an answer, not an error. Nothing is recorded. */
export interface Rejected {
  readonly status: "rejected";
  /** For code: short and kebab-case, such as `insufficient-funds`. */
  readonly code: string;
  /** For people and logs: plain data. */
  readonly details: unknown;
}

/** The command was accepted, and what it led to is on disk. */
export interface Accepted<Event extends Message = Message> {
  readonly status: "accepted";
  /** Of the entity after this command. */
  readonly version: Version;
  /** Of the last event that this answer reflects: give it as `atLeast` to a view to read what was just written. */
  readonly position: Position;
  /** In order; empty where there was nothing to record. */
  readonly events: readonly RecordedEvent<Event>[];
  /** True where the command id had been recorded before: the answer is the recorded one. */
  readonly duplicate: boolean;
}

/** What `ask` resolves with. An error means that the runtime could not do its work, and is thrown. */
export type Answer<Event extends Message = Message> = Accepted<Event> | Rejected;

/** One event, several in order, none (an empty array), or a refusal. */
export type Decision<Event extends Message> = Event | readonly Event[] | Rejected;

/** The answer to a command whose commit is on disk. */
export function acceptedOf({ events, lastPosition, duplicate }: Commit): Accepted {
  const version = events[events.length - 1]?.version ?? 0;
  return { status: "accepted", version, position: lastPosition, events, duplicate };
}

/** The answer to a command that changed nothing. */
export function unchangedAt(version: Version, position: Position): Accepted {
  return { status: "accepted", version, position, events: [], duplicate: false };
}

/** Refuses a command. `details` is given to the caller as it is. */
export function reject(code: string, details?: unknown): Rejected {
  return { status: "rejected", code, details };
}

/** Whether a decision is a refusal. */
export function isRejected(decision: object): decision is Rejected {
  return (decision as { status?: unknown }).status === "rejected" && !("type" in decision);
}

/** What `decide` is told besides state and data, so that it needs no clock, no randomness and no globals. */
export interface DecideContext {
  /** Wall time of the decision, in milliseconds since 1970. */
  readonly nowMs: number;
  readonly entityId: string;
  readonly streamId: string;
  /** Of the entity before this command; 0 where it has no history. */
  readonly version: Version;
  readonly commandId: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  readonly headers: Readonly<Record<string, unknown>> | undefined;
  /** A new UUID. */
  newId(): string;
}

/** What a dry run would have led to. */
export interface DryRunAccepted<State, Event extends Message> {
  readonly status: "accepted";
  /** Version the entity would have. */
  readonly version: Version;
  readonly events: readonly Event[];
  /** State the entity would have. */
  readonly state: State;
}
