/** What can go wrong with NATS beyond what every transport has. */
import { TidemarkError, type ErrorDetails } from "../../kernel/errors.js";

/** The server lacks something that nothing can stand in for. Nothing was sent; a newer or differently set up server is needed. */
export class UnsupportedServerError extends TidemarkError {
  readonly code = "unsupported-server";
  readonly retryable = false;
}

/** A message is larger than the server takes. Nothing was sent; the same message fails again. */
export class MessageTooLargeError extends TidemarkError {
  readonly code = "message-too-large";
  readonly retryable = false;

  constructor(
    readonly what: string,
    readonly bytes: number,
    readonly bytesMax: number,
  ) {
    super(`${what} is ${bytes} bytes with its headers; the server takes ${bytesMax}`);
  }
}

/** The server doesn't allow this user to do that. Nothing was done; needs other permissions, see docs/guides/nats.md. */
export class NotPermittedError extends TidemarkError {
  readonly code = "not-permitted";
  readonly retryable = false;

  constructor(
    readonly what: string,
    details?: ErrorDetails,
  ) {
    super(`the NATS server doesn't allow this user: ${what}`, details);
  }
}

/**
 * The log of all services can't be used now: there is no JetStream, its stream is missing or full, or it refused. What was to be
 * published may be there or not. May be retried: an operator, or the next connection, puts it right.
 */
export class LogUnavailableError extends TidemarkError {
  readonly code = "log-unavailable";
  readonly retryable = true;
}
