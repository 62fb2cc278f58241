/** What can go wrong with views, each with what it means for who meets it. */
import { hasCode, isOwnEnd, TidemarkError, type ErrorDetails } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import type { TraceContext } from "../kernel/tracer.js";

/** A handler, a key function or an upcaster failed for one event. Nothing of that event was written; see the failure policy. */
export class HandlerFailedError extends TidemarkError {
  readonly code = "handler-failed";
  readonly retryable = true;

  constructor(
    readonly reader: string,
    readonly position: Position,
    readonly streamId: string,
    readonly eventType: string,
    cause: unknown,
    /** In which the event was recorded. */
    readonly trace?: TraceContext,
  ) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    super(`${reader} failed on ${eventType} of ${streamId} at position ${position}: ${problem}`, {
      cause,
    });
  }
}

/**
 * Whether a reader tries again until it is closed, whatever its failure policy says. A store may come back. And where this runtime
 * has come to its end, or has no room on its disk, a reactor can't record what came of its effect until it is opened again, or
 * has: no fault of the event, and parking it would leave it for somebody to replay.
 */
export function isWaitedOut(error: unknown, waitsForStore: boolean): boolean {
  if (!(error instanceof HandlerFailedError)) return waitsForStore || isOwnEnd(error);
  return isOwnEnd(error.cause) || NO_ROOM.some((code) => hasCode(error.cause, code));
}

/** The journal takes a command of an effect later. */
const NO_ROOM = ["journal-full", "journal-overloaded"];

/** After an event two documents would have the same values in a unique index. The event fails; see the failure policy. */
export class DocumentNotUniqueError extends TidemarkError {
  readonly code = "document-not-unique";
  readonly retryable = false;

  constructor(
    readonly collection: string,
    readonly index: string,
    readonly documentId: string,
    readonly ownerId: string,
  ) {
    super(
      `document ${JSON.stringify(documentId)} of ${collection} would have the same values in the unique index ${index} as ${JSON.stringify(ownerId)}`,
    );
  }
}

/**
 * The generation that serves was built by a definition without this collection or index; the one that has it is still being
 * built. Wait for it (`atLeast`, `fresh` or `runtime.operations`), and ask again.
 */
export class ViewNotBuiltError extends TidemarkError {
  readonly code = "view-not-built";
  readonly retryable = true;

  constructor(
    readonly projection: string,
    readonly missing: string,
    readonly version: number,
  ) {
    super(
      version === 0
        ? `projection ${projection} hasn't been built by anybody yet`
        : `projection ${projection} is served by a generation of version ${version}, which has no ${missing}; the new one is being built`,
    );
  }
}

/** A personal value would stand in an index, where everybody could read it. Nothing of the event was written. */
export class PersonalIndexError extends TidemarkError {
  readonly code = "personal-index";
  readonly retryable = false;

  constructor(
    readonly collection: string,
    readonly index: string,
    readonly documentId: string,
  ) {
    super(
      `index ${index} of collection ${collection} would show a personal value of document ${documentId}: say .personal("${index}") behind it, or leave the field out of it`,
    );
  }
}

/** More changed than a watch may keep for a slow reader. Read again, and watch again. */
export class WatchOverflowError extends TidemarkError {
  readonly code = "watch-overflow";
  readonly retryable = true;

  constructor(
    readonly projection: string,
    readonly pendingMax: number,
  ) {
    super(
      `a watch of projection ${projection} fell behind by more than ${pendingMax} documents; read again and watch again`,
    );
  }
}

/** A command to a projection or reactor can't be carried out as things stand. Nothing was changed. */
export class OperationRefusedError extends TidemarkError {
  readonly code = "operation-refused";
  readonly retryable = false;

  constructor(
    readonly operation: string,
    readonly reader: string,
    problem: string,
  ) {
    super(`${operation} ${reader}: ${problem}`);
  }
}

/**
 * A command was carried out and recorded, but an inline projection doesn't show it: it stopped, is paused, or took too long. Ask
 * for nothing again: read `answer`, which the runtime puts here.
 */
export class ViewBehindError extends TidemarkError {
  readonly code = "view-behind";
  readonly retryable = false;
  /** What the command was answered. */
  answer: unknown;

  constructor(
    readonly projection: string,
    readonly position: Position,
    details: ErrorDetails,
  ) {
    super(
      `the command is recorded up to position ${position}, but the inline projection ${projection} doesn't show it yet`,
      details,
    );
  }
}
