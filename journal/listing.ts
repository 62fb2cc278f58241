/** What is listed by id: which part of it, and in which order. Shared by every journal. */
import { checkInteger } from "../src/kernel/check.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { ListOptions } from "./journal.js";
import { compareViewKeys } from "./view-key-order.js";

/** @throws InvalidArgumentError - Names the option. */
export function checkListOptions({ prefix, after, limit }: ListOptions): void {
  checkInteger("limit", limit, 1, Number.MAX_SAFE_INTEGER);
  for (const [name, text] of Object.entries({ prefix, after }))
    if (text !== undefined && (typeof text !== "string" || !text.isWellFormed()))
      throw new InvalidArgumentError(name, "well-formed text", text);
}

export function isListed(id: string, { prefix = "", after }: ListOptions): boolean {
  return id.startsWith(prefix) && (after === undefined || compareIds(id, after) > 0);
}

export function compareIds(a: string, b: string): number {
  return compareViewKeys([a], [b]);
}

/** Where a table that is sorted by id is read from. */
export function beginningOf({ prefix = "", after = "" }: ListOptions): string {
  return compareIds(prefix, after) > 0 ? prefix : after;
}
