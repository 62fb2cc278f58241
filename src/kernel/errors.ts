/**
 * The roots of every error a caller can meet. An error means the runtime could not do its work; a refused command is
 * not an error but an answer. Each class says in its docstring whether anything was written and whether to retry.
 */

/** What the constructor of an error takes besides its message. */
export interface ErrorDetails {
  readonly cause?: unknown;
}

/**
 * Root of all errors thrown or rejected by Tidemark.
 *
 * `code` is a kebab-case literal that survives two copies of the package and a trip over a wire: compare codes, not
 * classes. `retryable` says whether the same call may succeed later without a change by the caller.
 */
export abstract class TidemarkError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;

  constructor(message: string, details?: ErrorDetails) {
    super(message, details?.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
  }
}

/** Whether `error` is an error of Tidemark with this code, also when it comes from another copy of the package. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === code;
}

/** What an error says, and what those behind it say that it came of; of these so many at the most. */
export function withCauses({ message, cause }: Error, causesMax = 5): string {
  const told = cause instanceof Error && causesMax > 0;
  return told ? `${message}: ${withCauses(cause, causesMax - 1)}` : message;
}

/** This runtime, or its journal, is at its end: what failed so goes on once it is opened again, and is nobody's fault. */
export function isOwnEnd(error: unknown): boolean {
  return OWN_ENDS.some((code) => hasCode(error, code));
}

const OWN_ENDS = ["journal-poisoned", "journal-closed", "runtime-closed"];

/**
 * The caller gave something that can't be taken: names the argument, what was expected, and what came.
 * Nothing was written. Retrying the same call fails in the same way.
 */
export class InvalidArgumentError extends TidemarkError {
  readonly code = "invalid-argument";
  readonly retryable = false;
  readonly argument: string;
  readonly expected: string;
  readonly given: string;

  constructor(argument: string, expected: string, given: unknown, details?: ErrorDetails) {
    const shown = describe(given);
    super(`${argument} must be ${expected}; given: ${shown}`, details);
    this.argument = argument;
    this.expected = expected;
    this.given = shown;
  }
}

/** What was thrown, as an error: user code may throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

const SHOWN_LENGTH_MAX = 80;

/** A short, safe picture of any value for an error message: never throws, never long, no control characters. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value));
  if (typeof value === "number" || typeof value === "boolean" || value == null)
    return String(value);
  if (typeof value === "bigint") return `${shorten(value.toString())}n`;
  if (typeof value === "symbol" || typeof value === "function") return typeof value;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return "an object";
}

function shorten(text: string): string {
  const wellFormed = text.slice(0, SHOWN_LENGTH_MAX).toWellFormed();
  return text.length <= SHOWN_LENGTH_MAX
    ? wellFormed
    : `${wellFormed}… (${text.length} characters)`;
}
