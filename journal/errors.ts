/** The errors of the journal. Each says whether anything was written and whether the call may be made again. */
import { TidemarkError, type ErrorDetails } from "../src/kernel/errors.js";
import type { Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";

/** What a caller may demand of a stream before an append: its version, or one of three words. */
export type ExpectedVersion = Version | "any" | "none" | "exists";

/** Root of the journal's errors. */
export abstract class JournalError extends TidemarkError {}

/** The stream is at another version than expected. Nothing was written; read again, then decide again. */
export class VersionConflictError extends JournalError {
  readonly code = "version-conflict";
  readonly retryable = true;

  constructor(
    readonly streamId: StreamId,
    readonly expected: ExpectedVersion,
    readonly actual: Version,
  ) {
    const wanted = { any: "any version", none: "no stream", exists: "an existing stream" };
    const text = typeof expected === "number" ? `version ${expected}` : wanted[expected];
    super(`stream ${streamId} is at version ${actual}, expected ${text}; nothing was written`);
  }
}

/** Another stream holds the claim. Nothing was written. Choose another key, or wait until it is released or expires. */
export class ClaimTakenError extends JournalError {
  readonly code = "claim-taken";
  readonly retryable = false;

  constructor(
    readonly claimName: string,
    readonly claimKey: string,
    readonly owner: StreamId,
  ) {
    super(
      `claim ${claimName} on ${JSON.stringify(claimKey)} is held by ${owner}; nothing was written`,
    );
  }
}

/** A claim was to be moved by a stream that doesn't hold it. Nothing was written. */
export class ClaimNotHeldError extends JournalError {
  readonly code = "claim-not-held";
  readonly retryable = false;

  constructor(
    readonly claimName: string,
    readonly claimKey: string,
    readonly streamId: StreamId,
    readonly owner: StreamId | undefined,
  ) {
    const holder = owner === undefined ? "nobody holds it" : `${owner} holds it`;
    super(
      `claim ${claimName} on ${JSON.stringify(claimKey)} isn't held by ${streamId}: ${holder}; nothing was written`,
    );
  }
}

/** The command id was recorded for another stream. Nothing was written. Give each command an id of its own. */
export class CommandIdReusedError extends JournalError {
  readonly code = "command-id-reused";
  readonly retryable = false;

  constructor(
    readonly commandId: string,
    readonly streamId: StreamId,
    readonly recordedStreamId: StreamId,
  ) {
    super(
      `command id ${JSON.stringify(commandId)} was already recorded for ${recordedStreamId}, now given for ${streamId}; ` +
        `nothing was written: give each command an id of its own`,
    );
  }
}

/** More is in flight than the journal may hold in memory. Nothing was written; retry after others have finished. */
export class JournalOverloadedError extends JournalError {
  readonly code = "journal-overloaded";
  readonly retryable = true;

  constructor(
    readonly inFlightBytes: number,
    readonly inFlightBytesMax: number,
  ) {
    super(
      `${inFlightBytes} bytes wait for the disk, the limit is ${inFlightBytesMax}; nothing was written, retry later`,
    );
  }
}

/** The disk has less free space than the guard demands. Nothing was written; free some, then retry. */
export class JournalFullError extends JournalError {
  readonly code = "journal-full";
  readonly retryable = true;

  constructor(
    readonly directory: string,
    readonly freeBytes: number,
    readonly freeBytesMin: number,
  ) {
    super(
      `${directory} has ${freeBytes} bytes free, the guard demands ${freeBytesMin}; ` +
        `nothing was written: free space on the disk, then retry`,
    );
  }
}

/** The journal was closed. Nothing was written by this call. */
export class JournalClosedError extends JournalError {
  readonly code = "journal-closed";
  readonly retryable = false;

  constructor() {
    super("the journal is closed; nothing was written: open it again");
  }
}

/** The journal was opened for reading beside its owner. Nothing was written; send the command to the owner. */
export class JournalReadOnlyError extends JournalError {
  readonly code = "journal-read-only";
  readonly retryable = false;

  constructor() {
    super(
      "the journal is open for reading only; nothing was written: send this to the process that owns it",
    );
  }
}

/**
 * An earlier commit failed, and the journal takes no more. This append was not written. Close the journal (or the
 * runtime) and open it again: it then shows what is on disk.
 */
export class JournalPoisonedError extends JournalError {
  readonly code = "journal-poisoned";
  readonly retryable = false;

  constructor(details: ErrorDetails) {
    super(
      "an earlier commit failed and the journal takes no more; this was not written: close it and open it again",
      details,
    );
  }
}

/**
 * The commit failed at a point where it may or may not be on disk. Open the journal again and read before deciding;
 * with a command id, the same command may simply be sent again.
 */
export class AppendOutcomeUnknownError extends JournalError {
  readonly code = "append-outcome-unknown";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly position: Position,
    details: ErrorDetails,
  ) {
    super(
      `the commit of stream ${streamId} at position ${position} failed and may or may not be on disk: ` +
        `open the journal again and read before deciding`,
      details,
    );
  }
}

/** Another process wrote to this journal since it was opened. Nothing was written; this process must stop writing. */
export class WriterFencedError extends JournalError {
  readonly code = "writer-fenced";
  readonly retryable = false;

  constructor(
    readonly directory: string,
    readonly position: Position,
  ) {
    super(
      `another process wrote position ${position} of ${directory}; nothing was written here: ` +
        `only one process may own a journal, stop this one or open the journal again`,
    );
  }
}

/** Another living process owns the journal. Nothing was opened. */
export class JournalOwnedError extends JournalError {
  readonly code = "journal-owned";
  readonly retryable = true;

  constructor(
    readonly directory: string,
    readonly ownerPid: number,
    readonly ownerHost: string,
  ) {
    super(
      `${directory} is owned by process ${ownerPid} on ${ownerHost}: stop it first, or open the journal with ` +
        `readOnly: true to read beside it`,
    );
  }
}

/** The directory holds something this version can't open. Nothing was touched. */
export class JournalFormatError extends JournalError {
  readonly code = "journal-format";
  readonly retryable = false;

  constructor(
    readonly directory: string,
    readonly problem: string,
    details?: ErrorDetails,
  ) {
    super(`${directory} can't be opened: ${problem}; nothing was changed`, details);
  }
}

/**
 * What is stored contradicts itself: a checksum, a gap, a record that can't be decoded. Nothing was repaired. `position` is
 * 0 where it isn't the log that is damaged, or no position can be named.
 */
export class JournalCorruptedError extends JournalError {
  readonly code = "journal-corrupted";
  readonly retryable = false;

  constructor(
    readonly position: Position,
    readonly problem: string,
    details?: ErrorDetails,
  ) {
    super(
      position > 0
        ? `the journal is damaged at position ${position}: ${problem}; restore a backup`
        : `the journal is damaged: ${problem}`,
      details,
    );
  }
}

/** A recorded event that today's definitions can't read: its type or shape is unknown, or an upcaster threw. */
export class UnreadableEventError extends JournalError {
  readonly code = "unreadable-event";
  readonly retryable = false;

  constructor(
    readonly streamId: StreamId,
    readonly version: Version,
    readonly position: Position,
    readonly eventType: string,
    readonly problem: string,
    details?: ErrorDetails,
  ) {
    super(
      `event ${eventType} of stream ${streamId}, version ${version}, position ${position}: ${problem}`,
      details,
    );
  }
}
