/** What is told of a failure: the sentence and the code of an error that has one, and nothing of any other. */
import { TidemarkError } from "../index.js";
import { Refusal } from "./refusal.js";

export interface ErrorBody {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: { readonly code: string; readonly message: string } };
}

const STATUSES: Readonly<Record<string, number>> = {
  "invalid-argument": 400,
  "operation-forbidden": 403,
  "not-found": 404,
  "unknown-operation": 404,
};
const MESSAGE_LENGTH_MAX = 2_000;

export function errorBody(error: unknown): ErrorBody {
  if (error instanceof Refusal)
    return bodyOf(error.status, error.code, error.message, error.headers);
  if (hasOwnCode(error))
    return bodyOf(statusOf(error), error.code, error.message.slice(0, MESSAGE_LENGTH_MAX));
  return bodyOf(500, "failed", "It failed inside; the log of the process has more");
}

function bodyOf(
  status: number,
  code: string,
  message: string,
  headers: ErrorBody["headers"] = {},
): ErrorBody {
  return { status, headers, body: { error: { code, message } } };
}

/** Also those that came from another process, which are no instances of ours. */
function hasOwnCode(error: unknown): error is TidemarkError {
  if (error instanceof TidemarkError) return true;
  const { code, retryable } = error as { readonly code?: unknown; readonly retryable?: unknown };
  return error instanceof Error && typeof code === "string" && typeof retryable === "boolean";
}

function statusOf({ code, retryable }: TidemarkError): number {
  return (Object.hasOwn(STATUSES, code) ? STATUSES[code] : undefined) ?? (retryable ? 503 : 409);
}
