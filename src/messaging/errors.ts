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
