/** The errors of the actors. Each says whether anything was written and whether the call may be made again. */
import { TidemarkError, type ErrorDetails } from "../src/kernel/errors.js";
import type { Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import type { Archive } from "../src/kernel/life-events.js";

/** Root of the actors' errors. */
export abstract class ActorError extends TidemarkError {}

/**
 * No answer within the time allowed. A command that still waited is not carried out any more; one already decided may
 * still become durable. With a command id, sending it again is safe.
 */
export class AskTimeoutError extends ActorError {
  readonly code = "ask-timeout";
  readonly retryable = true;

  constructor(
    readonly streamId: StreamId,
    readonly commandType: string,
    readonly timeoutMs: number,
  ) {
    super(
      `command ${commandType} to ${streamId} had no answer within ${timeoutMs} ms; it may still be carried out: ` +
        `give it a commandId, then sending it again is safe`,
    );
  }
}

/** The entity has too many unanswered commands. This one was not taken; retry after some were answered. */
export class MailboxFullError extends ActorError {
  readonly code = "mailbox-full";
  readonly retryable = true;

  constructor(
    readonly streamId: StreamId,
    readonly capacity: number,
  ) {
    super(
      `${streamId} has ${capacity} unanswered commands, its mailbox holds no more; this one was not taken, retry later`,
    );
  }
}

/** All activations are busy and enough commands wait for one. This one was not taken; retry later. */
export class PoolFullError extends ActorError {
  readonly code = "pool-full";
  readonly retryable = true;

  constructor(
    readonly streamId: StreamId,
    readonly activationsMax: number,
    readonly waitingMax: number,
  ) {
    super(
      `all ${activationsMax} activations are busy and ${waitingMax} commands wait for one; ` +
        `the command to ${streamId} was not taken, retry later`,
    );
  }
}

/** `decide` threw: a bug in it. Nothing was written; the entity goes on with the next command. */
export class DecideFailedError extends ActorError {
  readonly code = "decide-failed";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly version: Version,
    readonly commandType: string,
    details: ErrorDetails,
  ) {
    super(
      `decide ${commandType} of ${streamId} at version ${version} failed: ${textOf(details.cause)}; nothing was written`,
      details,
    );
  }
}

/** `evolve` threw on an event just decided: a bug in it. Nothing was written; the entity goes on with the next command. */
export class EvolveFailedError extends ActorError {
  readonly code = "evolve-failed";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly version: Version,
    readonly eventType: string,
    details: ErrorDetails,
  ) {
    super(
      `evolve ${eventType} of ${streamId} at version ${version} failed: ${textOf(details.cause)}; nothing was written`,
      details,
    );
  }
}

/**
 * An entity's history can't be folded to its state. Nothing was written. Only this entity is affected. Where its definition
 * can't read the events its commands fail until it can; where the store couldn't be read (`retryable`) they may be sent again.
 */
export class HydrationFailedError extends ActorError {
  readonly code = "hydration-failed";

  constructor(
    readonly streamId: StreamId,
    readonly version: Version,
    readonly eventType: string | undefined,
    details: ErrorDetails,
    readonly retryable = false,
  ) {
    const event = eventType === undefined ? "" : `, event ${eventType}`;
    super(
      `${streamId} can't be hydrated at version ${version}${event}: ${textOf(details.cause)}; nothing was written`,
      details,
    );
  }
}

/** The runtime is closing or closed. This command was not taken. */
export class RuntimeClosedError extends ActorError {
  readonly code = "runtime-closed";
  readonly retryable = false;

  constructor() {
    super("the runtime is closed; the command was not taken");
  }
}

/** The runtime was opened without this aggregate. Nothing was done; add it to `aggregates`. */
export class UnknownAggregateError extends ActorError {
  readonly code = "unknown-aggregate";
  readonly retryable = false;

  constructor(readonly aggregate: string) {
    super(`the runtime was opened without aggregate ${aggregate}: add it to "aggregates"`);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The moment asked for lies in a part of the entity's history that was archived. `archive` says where it is. */
export class HistoryArchivedError extends ActorError {
  readonly code = "history-archived";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly archive: Archive,
  ) {
    super(
      `${streamId} was compacted: its versions up to ${archive.lastVersion} aren't read any more, ` +
        `the last of them are archived in ${JSON.stringify(archive.file)}`,
    );
  }
}

/** A summary doesn't stand for the state it was made of. Nothing was written. */
export class SummaryMismatchError extends ActorError {
  readonly code = "summary-mismatch";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly version: Version,
    readonly eventType: string,
  ) {
    super(
      `${eventType}, as a summary of ${streamId} at version ${version}, doesn't lead to its state: evolve must make that state of it, ` +
        `from the initial state as from any other; nothing was written`,
    );
  }
}
