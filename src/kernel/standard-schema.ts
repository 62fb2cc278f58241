/** Validation with any library that speaks Standard Schema v1 (zod, valibot, arktype and others). */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidArgumentError } from "./errors.js";

/**
 * The validated value, as the schema returns it.
 *
 * @param argument - What the value is called in the error.
 * @throws InvalidArgumentError - The value doesn't fit; all issues with their paths are in the message. Also when the
 *   schema answers with a promise: validation happens between two steps of an actor, which wait for nothing.
 */
export function validated(argument: string, schema: StandardSchemaV1, value: unknown): unknown {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    result.catch(() => undefined);
    throw new InvalidArgumentError(
      argument,
      "checked by a schema that answers at once (not with a promise)",
      value,
    );
  }
  if (result.issues === undefined) return result.value;
  throw new InvalidArgumentError(argument, result.issues.map(issueText).join("; "), value);
}

function issueText(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? [])
    .map((part) => String(typeof part === "object" && "key" in part ? part.key : part))
    .join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}
