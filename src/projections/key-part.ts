/** What the value of a field is as a part of a key. */
import type { ViewKeyPart } from "../../journal/index.js";

import { personalMark } from "../kernel/personal-mark.js";

/** What {@link keyPartOf} takes, for error messages. */
export const INDEX_VALUES =
  "null, a boolean, a finite number, a bigint of 64 bits, text without lone surrogates or a valid Date";

// What the journal's codec can keep; so nothing lies between a double beyond these and the next double.
const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 64n - 1n;

/**
 * The value in the one form that stands for it in keys, so that equal parts are `===`: null for undefined, 0 for -0, the
 * time of a Date, the number for a bigint that a number can hold exactly.
 *
 * @returns Undefined for what can't be sorted; {@link INDEX_VALUES} says what can.
 */
export function keyPartOf(value: unknown): ViewKeyPart | undefined {
  switch (typeof value) {
    case "string":
      return value.isWellFormed() ? value : undefined;
    case "number":
      return Number.isFinite(value) ? value + 0 : undefined;
    case "boolean":
      return value;
    case "undefined":
      return null;
    case "bigint":
      return value < BIGINT_MIN || value > BIGINT_MAX ? undefined : integerPart(value);
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.getTime();
      return undefined;
    case "symbol":
    case "function":
      return undefined;
  }
}

/** An integer as a number where that is exact. */
export function integerPart(value: bigint): number | bigint {
  const number = Number(value);
  return BigInt(number) === value ? number : value;
}

/** What stands for a part in an index whose values are personal. */
export function personalPartOf(part: ViewKeyPart): ViewKeyPart {
  return part === null ? null : personalMark(part);
}
