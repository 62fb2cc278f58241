/** What can stand against an operation. Nothing of it was carried out, unless the docstring says otherwise. */
import { TidemarkError, type ErrorDetails } from "../kernel/errors.js";

/** Whoever asks may only read. */
export class OperationForbiddenError extends TidemarkError {
  readonly code = "operation-forbidden";
  readonly retryable = false;

  constructor(readonly operation: string) {
    super(`${operation} changes something, and who asks may only read`);
  }
}

/** There is no operation of that name, in the version that was asked. */
export class UnknownOperationError extends TidemarkError {
  readonly code = "unknown-operation";
  readonly retryable = false;

  constructor(operation: string) {
    super(`there is no operation ${JSON.stringify(operation.slice(0, 80))}`);
  }
}

/** The operation needs to know the service's definitions, and the directory was opened without them. */
export class DefinitionsNeededError extends TidemarkError {
  readonly code = "definitions-needed";
  readonly retryable = false;

  constructor(readonly operation: string) {
    super(
      `${operation} needs the definitions of the service: start the service, or give the module that exports them`,
    );
  }
}

/** Only the process that runs the service can tell, or do, that. */
export class OwnerNeededError extends TidemarkError {
  readonly code = "owner-needed";
  readonly retryable = true;

  constructor(readonly operation: string) {
    super(`${operation} needs the process that runs the service: start it, and ask it`);
  }
}

/** There is no such thing, by the name or id that was given. */
export class NotFoundError extends TidemarkError {
  readonly code = "not-found";
  readonly retryable = false;

  constructor(what: string, name: string) {
    super(`there is no ${what} ${JSON.stringify(name)}`);
  }
}

/** Things stand against it: whoever was to do it said so. Nothing was recorded but the attempt. */
export class OperationRejectedError extends TidemarkError {
  readonly code = "operation-rejected";
  readonly retryable = false;

  /** @param reason - A code, such as `not-parked` or `unknown-instance`. */
  constructor(
    readonly operation: string,
    readonly subject: string,
    readonly reason: string,
  ) {
    super(`${operation} isn't possible for ${subject}: ${reason}`);
  }
}

/**
 * An operation failed on the other side of a door: `code` is that of the error there, and so are the message and `retryable`.
 * What its docstring says of what was written holds here as there.
 */
export class AdminError extends TidemarkError {
  constructor(
    readonly code: string,
    message: string,
    readonly retryable: boolean,
  ) {
    super(message);
  }
}

/** Nobody answers at the socket of a directory: no service runs on it, or it was opened without one. */
export class NoOwnerError extends TidemarkError {
  readonly code = "no-owner";
  readonly retryable = true;

  constructor(
    readonly directory: string,
    details?: ErrorDetails,
  ) {
    super(
      `no service answers on ${directory}: none runs there, or it runs without a control socket`,
      details,
    );
  }
}

/** The connection ended before the answer came. What was asked for may have been done: look at the audit log. */
export class AdminClosedError extends TidemarkError {
  readonly code = "admin-closed";
  readonly retryable = false;

  constructor() {
    super("the connection to the runtime ended");
  }
}
