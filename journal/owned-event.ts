/** An event on the short way into the journal. */
import type { NewEvent } from "./journal.js";

/**
 * An event to be recorded whose data is a copy, made by `isolated`, that nobody else holds. It can't hide anything behind
 * accessors, so admission needs to look at its values only, and the commit keeps it without another copy.
 */
export class OwnedEvent implements NewEvent {
  constructor(
    readonly type: string,
    readonly data: unknown,
    readonly shape: number,
  ) {}
}

const LEAF_BYTES_MAX = 9;
const BYTES_PER_CHARACTER_MAX = 3;

/**
 * Whether owned data is a flat object of values that can be recorded, and surely no larger than the limit. False says
 * nothing: the thorough checks then find out, and name what is wrong.
 */
export function isPlainlyRecordable(data: unknown, bytesMax: number): boolean {
  if (typeof data !== "object" || data === null) return false;
  if (Object.getPrototypeOf(data) !== Object.prototype) return false;
  if (Object.getOwnPropertySymbols(data).length > 0) return false;
  let bound = 5;
  for (const key in data) {
    if (key === "__proto__" || !key.isWellFormed()) return false;
    bound += 5 + key.length * BYTES_PER_CHARACTER_MAX;
    const value: unknown = (data as Record<string, unknown>)[key];
    if (typeof value === "string") {
      if (!value.isWellFormed()) return false;
      bound += 5 + value.length * BYTES_PER_CHARACTER_MAX;
    } else {
      const leaf = typeof value === "boolean" || Number.isFinite(value) || value === null;
      if (!leaf) return false;
      bound += LEAF_BYTES_MAX;
    }
  }
  return bound <= bytesMax;
}
