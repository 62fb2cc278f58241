/** A command that an instance has asked for, as the index keeps it and the outbox sends it. */
import type { Metadata, Position, RecordedEvent } from "../kernel/event.js";
import { traceOf, type TraceContext } from "../kernel/tracer.js";
import type { CommandOutcome, PendingCommand } from "./pending.js";
import type { InstanceName } from "./rows.js";

/** A command that waits to be sent, as the index keeps it. */
export interface StoredCommand {
  readonly request: PendingCommand;
  /** Of the event that asked for it. */
  readonly position: Position;
  readonly eventId: string;
  readonly correlationId: string;
  /** Of that event, where it is traced. */
  readonly trace?: TraceContext;
}

/**
 * Gives an instance the answer to a command of its own. Resolves once the instance has taken it.
 *
 * @param origin - The trace that it goes on with, where there is one.
 */
export type TakeAnswer = (
  name: InstanceName,
  commandId: string,
  answer: CommandOutcome,
  origin: Metadata,
) => Promise<void>;

/** @param event - The one that asks for it. */
export function storedCommandOf(request: PendingCommand, event: RecordedEvent): StoredCommand {
  const { position, eventId, correlationId, headers } = event;
  const trace = traceOf(headers);
  const stored = { request, position, eventId, correlationId };
  return trace === undefined ? stored : { ...stored, trace };
}

/** The trace that it goes on with. */
export function originOf({ trace }: StoredCommand): Metadata {
  return trace === undefined ? {} : { headers: { ...trace } };
}
