/**
 * What can be recorded of a machine's context. Machines like to say that something isn't there yet by `undefined`; such
 * fields are left out, and read back as undefined.
 */
import { isolated } from "../src/kernel/isolate.js";

const DEPTH_MAX = 64;

/** A copy of plain data without fields that are undefined; what isn't plain is left for whoever checks it. */
export function recordable(value: unknown, depthLeft = DEPTH_MAX): unknown {
  if (value === undefined) return null;
  if (typeof value !== "object" || value === null || depthLeft === 0) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return value.map((item) => recordable(item, depthLeft - 1));
  if (prototype !== Object.prototype && prototype !== null) return isolated(value);
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    copy[key] = typeof item === "object" ? recordable(item, depthLeft - 1) : item;
  }
  return copy;
}
