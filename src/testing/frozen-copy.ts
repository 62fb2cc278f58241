/** Plain data as it would be read back, frozen: who changes it in place fails. */
import { throughCodec } from "../../journal/index.js";
import { defaultLimits } from "../kernel/limits.js";
import { checkPlainData } from "../kernel/plain-data.js";

/** @throws InvalidArgumentError - It isn't plain data. */
export function frozenCopy(argument: string, value: unknown): unknown {
  checkPlainData(argument, value, defaultLimits.nestingDepthMax);
  return deepFrozen(throughCodec(value));
}

/** The same value, with everything in it frozen. */
export function deepFrozen<T>(value: T): T {
  // Bytes can't be frozen; nobody folds by changing bytes in place.
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  for (const item of Object.values(value)) deepFrozen<unknown>(item);
  return Object.freeze(value);
}
