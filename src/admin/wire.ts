/**
 * Requests and answers as JSON, the same through every door.
 *
 * ```
 * { "id": 7, "operation": "stream", "input": { "stream": "car/1" }, "by": "ann" }     a request
 * { "id": 7, "cancel": true }                                                         nobody waits for that answer any more
 * { "id": 7, "output": { … } }                                                        its answer
 * { "id": 7, "error": { "code": "not-found", "message": "…", "retryable": false } }
 * ```
 *
 * What JSON has no form for is written as `toJsonForm` does.
 */
import { checkInteger, checkObject } from "../kernel/check.js";
import { asError, InvalidArgumentError } from "../kernel/errors.js";
import { fromJsonForm, toJsonForm } from "../kernel/json-form.js";
import type { AdminService } from "./admin-service.js";
import type { Caller } from "./caller.js";
import { AdminError } from "./errors.js";
import { id as anyId, text } from "./fields.js";

/** A request. */
export interface WireRequest {
  /** Names its answer among those of one connection. */
  readonly id: number;
  readonly operation: string;
  readonly input?: unknown;
  readonly by?: string;
}

/** Takes back a request. */
export interface WireCancel {
  readonly id: number;
  readonly cancel: true;
}

/** An error, as it crosses a door. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
}

/** What came of a request. */
export type WireAnswer =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: WireError };

/** Characters of an answer at the most: who asked for more asks for less at a time. */
const ANSWER_CHARACTERS_MAX = 64 * 1024 * 1024;
const BY_CHARACTERS_MAX = 200;

/** @throws InvalidArgumentError - It isn't a request. */
export function requestOf(json: unknown): WireRequest | WireCancel {
  checkObject("request", json);
  const { id, operation, input, by, cancel } = json as Readonly<Record<string, unknown>>;
  checkInteger("id", id, 0, Number.MAX_SAFE_INTEGER);
  if (cancel === true) return { id, cancel };
  return {
    id,
    operation: anyId.read("operation", operation),
    ...(input === undefined ? {} : { input: fromJsonForm(input) }),
    ...(by === undefined ? {} : { by: text(BY_CHARACTERS_MAX).read("by", by) }),
  };
}

/** Carries a request out. Never rejects. @returns The answer as JSON text, without an end of line. */
export async function answerTo(
  service: AdminService,
  { id, operation, input, by }: WireRequest,
  caller: Caller,
  signal: AbortSignal,
): Promise<string> {
  try {
    const output = await service.call(operation, input, asking(caller, by), signal);
    const answer = JSON.stringify({ id, output: toJsonForm(output) } satisfies WireAnswer);
    if (answer.length > ANSWER_CHARACTERS_MAX)
      throw new InvalidArgumentError(
        "limit",
        `one whose answer is within ${ANSWER_CHARACTERS_MAX} characters`,
        answer.length,
      );
    return answer;
  } catch (error) {
    return failureText(id, error);
  }
}

/** What the other side says of itself stands beside what is known of it. */
function asking(caller: Caller, by: string | undefined): Caller {
  if (by === undefined) return caller;
  return { ...caller, by: caller.by === undefined ? by : `${by} (${caller.by})` };
}

/** The answer to a request that couldn't be carried out, or read. */
export function failureText(id: number, error: unknown): string {
  return JSON.stringify({ id, error: wireErrorOf(asError(error)) } satisfies WireAnswer);
}

function wireErrorOf(error: Error): WireError {
  const { code, retryable } = error as { readonly code?: unknown; readonly retryable?: unknown };
  return {
    code: typeof code === "string" ? code : "unexpected-error",
    message: error.message,
    retryable: retryable === true,
  };
}

/** What came of a request, for whoever asked. @throws AdminError - It failed there. */
export function outputOf(answer: WireAnswer): unknown {
  if ("output" in answer) return fromJsonForm(answer.output);
  const { code, message, retryable } = answer.error;
  throw new AdminError(code, message, retryable);
}

/** @throws AdminError - It isn't an answer. */
export function answerOf(json: unknown): WireAnswer {
  const { id, error } = (json ?? {}) as Readonly<Record<string, unknown>>;
  const isAnswer = typeof id === "number" && (isError(error) || "output" in (json as object));
  if (!isAnswer) throw new AdminError("bad-answer", "what came isn't an answer", false);
  return json as WireAnswer;
}

function isError(error: unknown): boolean {
  const { code, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return typeof code === "string" && typeof message === "string";
}
