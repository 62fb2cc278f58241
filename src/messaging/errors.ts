/** What can become of a message to another service. */
import { TidemarkError, type ErrorDetails } from "../kernel/errors.js";

/** Nobody serves what was asked for: the service is down, or nobody has such an aggregate. Nothing was done; may be retried. */
export class NoRespondersError extends TidemarkError {
  readonly code = "no-responders";
  readonly retryable = true;

  constructor(readonly address: string) {
    super(`nobody answers for ${address} now: is the service that has it running?`);
  }
}

/** There is no connection to the messaging server. Nothing was sent; may be retried. */
export class DisconnectedError extends TidemarkError {
  readonly code = "disconnected";
  readonly retryable = true;

  constructor(transport: string, details?: ErrorDetails) {
    super(`there is no connection to ${transport} now; it goes on trying`, details);
  }
}

/** No answer came in time. It may have been carried out: a retry with the same command id gives the recorded answer. */
export class RequestTimeoutError extends TidemarkError {
  readonly code = "request-timeout";
  readonly retryable = true;

  constructor(
    readonly address: string,
    readonly timeoutMs: number,
  ) {
    super(`no answer from ${address} within ${timeoutMs} ms; it may be carried out all the same`);
  }
}

/**
 * Another service could not answer: `remoteCode` is the code of its error there, and `retryable` what that error says of
 * itself. See that error for whether anything was written.
 */
export class RemoteFailedError extends TidemarkError {
  readonly code = "remote-failed";

  constructor(
    readonly address: string,
    readonly remoteCode: string,
    readonly retryable: boolean,
    message: string,
  ) {
    super(`${address} failed (${remoteCode}): ${message}`);
  }
}

/** A message that isn't what this version understands. Nothing was done with it; sending it again fails in the same way. */
export class BadMessageError extends TidemarkError {
  readonly code = "bad-message";
  readonly retryable = false;
}

/** The log of all services in this process is full of what a consumer hasn't handled yet. Nothing was published; may be retried. */
export class LogFullError extends TidemarkError {
  readonly code = "log-full";
  readonly retryable = true;

  constructor(
    readonly messages: number,
    readonly bytes: number,
  ) {
    super(
      `the log in this process holds ${messages} messages of ${bytes} bytes that a consumer hasn't handled; retry later`,
    );
  }
}

/** The runtime's messaging was closed. Nothing was sent. */
export class MessagingClosedError extends TidemarkError {
  readonly code = "messaging-closed";
  readonly retryable = false;

  constructor() {
    super("messaging is closed; nothing was sent");
  }
}

/** An endpoint of this runtime has too many requests in hand. This one wasn't taken; may be retried. */
export class ServiceOverloadedError extends TidemarkError {
  readonly code = "service-overloaded";
  readonly retryable = true;

  constructor(
    readonly service: string,
    readonly inHandMax: number,
  ) {
    super(`${service} has ${inHandMax} requests in hand; this one wasn't taken, retry later`);
  }
}

/** Nothing was left of the time that the sender waits. The command wasn't taken; may be retried. */
export class DeadlineExceededError extends TidemarkError {
  readonly code = "deadline-exceeded";
  readonly retryable = true;

  constructor(readonly command: string) {
    super(`nothing was left of the time allowed for command ${command}; it wasn't taken`);
  }
}

/**
 * The log of all services holds events of this store that its journal doesn't: the journal was put back to an older state, and
 * would give their positions to other events, which consumers would take for those they know. Nothing is published.
 */
export class JournalBehindLogError extends TidemarkError {
  readonly code = "journal-behind-log";
  readonly retryable = false;

  constructor(
    readonly aggregate: string,
    readonly published: number,
    readonly head: number,
  ) {
    super(
      `event ${published} of ${aggregate} was published, but the journal ends at ${head}: it was put back to an older state; ` +
        `nothing is published`,
    );
  }
}

/** So many messages of another service are parked that no more are taken: something is wrong with all. Replay or discard them. */
export class ImportFullError extends TidemarkError {
  readonly code = "import-full";
  readonly retryable = true;

  constructor(
    readonly aggregate: string,
    readonly parkedMax: number,
  ) {
    super(
      `${parkedMax} messages of ${aggregate} are parked; nothing more is taken before some are replayed or discarded`,
    );
  }
}
