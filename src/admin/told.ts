/** What parts tell of themselves, as plain data: errors as what they say, and what belongs to a class without it. */
import type { Caller } from "./caller.js";

/** An error as data. */
export interface ToldError {
  readonly name: string;
  readonly code?: string;
  /** `(hidden)` for whoever may not see payloads: it may quote one. */
  readonly message: string;
}

/** The same as plain data. */
export type Told<T> = T extends Error
  ? ToldError
  : T extends (...given: never) => unknown
    ? never
    : T extends object
      ? { readonly [Key in keyof T]: Told<T[Key]> }
      : T;

/** In the place of a text that may quote a payload. */
export const HIDDEN_TEXT = "(hidden)";

/**
 * Copies `value`, and tells the errors in it. Fields that are undefined or functions are left out. To whoever may not see payloads
 * it doesn't tell what errors say, nor samples of documents.
 */
export function told<T>(value: T, caller: Pick<Caller, "payloads">): Told<T> {
  return toldOf(value, caller.payloads) as Told<T>;
}

export function toldError(error: Error, { payloads }: Pick<Caller, "payloads">): ToldError {
  const { code } = error as { readonly code?: unknown };
  return {
    name: error.name,
    ...(typeof code === "string" ? { code } : {}),
    message: payloads ? error.message : HIDDEN_TEXT,
  };
}

/** Fields with texts that were made of what somebody's code threw. */
const MAY_QUOTE = new Set(["error", "problem", "message", "failure", "remark"]);

function toldOf(value: unknown, payloads: boolean): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error) return toldError(value, { payloads });
  if (value instanceof Date || value instanceof Uint8Array) return value;
  if (value instanceof Map) return toldOf(Object.fromEntries(value), payloads);
  if (value instanceof Set) return toldOf([...value], payloads);
  if (Array.isArray(value)) return value.map((item) => toldOf(item, payloads));
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined && typeof item !== "function")
    .map(([key, item]: [string, unknown]) => [
      key,
      payloads ? toldOf(item, payloads) : hiding(key, item),
    ]);
  return Object.fromEntries(entries) as unknown;
}

function hiding(key: string, item: unknown): unknown {
  if (typeof item === "string" && item !== "" && MAY_QUOTE.has(key)) return HIDDEN_TEXT;
  if (key === "samples" && Array.isArray(item)) return [];
  return toldOf(item, false);
}
