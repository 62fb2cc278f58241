/** The client's errors, as what they mean for whoever asked. */
import { ErrorCode, NatsError } from "nats";
import { asError, TidemarkError } from "../../kernel/errors.js";
import {
  BadMessageError,
  DisconnectedError,
  NoRespondersError,
  RequestTimeoutError,
} from "../errors.js";
import { MessageTooLargeError, NotPermittedError } from "./errors.js";

/** What was on its way. */
export interface Attempt {
  /** For people. */
  readonly address: string;
  readonly timeoutMs: number;
  readonly bytes: number;
  readonly bytesMax: number;
}

export function failureOf(thrown: unknown, attempt: Attempt): TidemarkError {
  if (thrown instanceof TidemarkError) return thrown;
  const cause = asError(thrown);
  const code = codeOf(thrown);
  switch (code) {
    case ErrorCode.NoResponders:
      return new NoRespondersError(attempt.address);
    // Also what the client says of every request that waits when the connection ends.
    case ErrorCode.Timeout:
    case ErrorCode.Cancelled:
      return new RequestTimeoutError(attempt.address, attempt.timeoutMs);
    case ErrorCode.ConnectionClosed:
    case ErrorCode.ConnectionDraining:
    case ErrorCode.Disconnect:
      return new DisconnectedError("NATS", { cause });
    case ErrorCode.MaxPayloadExceeded:
      return new MessageTooLargeError(
        `a message to ${attempt.address}`,
        attempt.bytes,
        attempt.bytesMax,
      );
    case ErrorCode.PermissionsViolation:
      return new NotPermittedError(cause.message, { cause });
    default:
      return new BadMessageError(`NATS refused a message to ${attempt.address}`, { cause });
  }
}

export function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof NatsError ? thrown.code : undefined;
}

/** The number by which JetStream names a refusal. */
export function refusalOf(thrown: unknown): number | undefined {
  return thrown instanceof NatsError ? thrown.api_error?.err_code : undefined;
}

export const STREAM_NOT_FOUND = 10_059;
export const CONSUMER_NOT_FOUND = 10_014;
export const MESSAGE_NOT_FOUND = 10_037;
export const MESSAGE_TOO_LARGE = 10_054;
