/** Checks of what the compiler knows and a caller in JavaScript may not. */
import { InvalidArgumentError } from "./errors.js";

/**
 * Checks an integer option at the door.
 *
 * @throws InvalidArgumentError - Not an integer between `min` and `max`, both inclusive.
 */
export function checkInteger(
  argument: string,
  value: unknown,
  min: number,
  max: number,
): asserts value is number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    throw new InvalidArgumentError(argument, `an integer from ${min} to ${max}`, value);
  }
}

/**
 * Checks that something is an object and no array.
 *
 * @throws InvalidArgumentError - It isn't.
 */
export function checkObject(argument: string, value: unknown): asserts value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(argument, "an object", value);
  }
}

/**
 * Checks that something is an array.
 *
 * @throws InvalidArgumentError - It isn't, or it has fewer than `min` or more than `max` items.
 */
export function checkArray(argument: string, value: unknown, min = 0, max = Infinity): void {
  if (Array.isArray(value) && value.length >= min && value.length <= max) return;
  const bounds = max === Infinity ? `at least ${min}` : `${min} to ${max}`;
  const given = Array.isArray(value) ? `${value.length} items` : value;
  throw new InvalidArgumentError(argument, `an array of ${bounds} items`, given);
}
