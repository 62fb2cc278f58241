/**
 * Plain data: what can be recorded and read back equal. Null, booleans, finite numbers, bigints of 64 bits,
 * well-formed strings, arrays, plain objects, Date and Uint8Array; and such values sealed. Anything else would be lost or changed by the codec,
 * so it is refused here, before it is recorded, with the path of the offending part.
 *
 * One thing is equal without being identical: -0 is read back as 0.
 */
import { InvalidArgumentError } from "./errors.js";
import { Sealed } from "./sealed.js";

const BIGINT_MIN = -(2n ** 63n);
const BIGINT_MAX = 2n ** 64n - 1n;

/**
 * Checks that `value` is plain data.
 *
 * @param argument - What the value is called in the error; the path within it is appended.
 * @param depthMax - Levels of arrays and objects allowed; also what ends a cycle.
 * @throws InvalidArgumentError - Names the path, what is allowed there, and what was found.
 */
export function checkPlainData(argument: string, value: unknown, depthMax: number): void {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed())
        throw new InvalidArgumentError(argument, "text without lone surrogates", value);
      return;
    case "number":
      if (!Number.isFinite(value))
        throw new InvalidArgumentError(argument, "a finite number", value);
      return;
    case "boolean":
      return;
    case "bigint":
      if (value < BIGINT_MIN || value > BIGINT_MAX)
        throw new InvalidArgumentError(argument, "a bigint of 64 bits", value);
      return;
    case "object":
      if (value !== null) checkObject(argument, value, depthMax);
      return;
    default:
      throw new InvalidArgumentError(
        argument,
        "plain data (leave a field out instead of undefined)",
        value,
      );
  }
}

/**
 * The same check for what comes out of `JSON.parse`, where nothing can be hidden and no class is but two: for each field it
 * takes a third of the time.
 */
export function checkParsedJson(argument: string, value: unknown, depthMax: number): void {
  if (typeof value !== "object" || value === null) {
    checkPlainData(argument, value, depthMax);
    return;
  }
  checkDepth(argument, depthMax);
  const isArray = Array.isArray(value);
  for (const key in value) {
    if (!isArray) checkKey(argument, key);
    const item = (value as Record<string, unknown>)[key];
    if (isPlainLeaf(item)) continue;
    checkParsedJson(`${argument}.${key.slice(0, 64)}`, item, depthMax - 1);
  }
}

function checkObject(argument: string, value: object, depthMax: number): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    checkDepth(argument, depthMax);
    checkFields(argument, value as Record<string, unknown>, depthMax - 1);
  } else if (Array.isArray(value) && prototype === Array.prototype) {
    checkDepth(argument, depthMax);
    checkItems(argument, value, depthMax - 1);
  } else if (prototype === Date.prototype) {
    if (Number.isNaN((value as Date).getTime()))
      throw new InvalidArgumentError(argument, "a valid date", "Invalid Date");
    refuseExtraKeys(argument, value, 0);
  } else if (!isByteArray(value, prototype) && !(value instanceof Sealed)) {
    throw new InvalidArgumentError(
      argument,
      "plain data (no class instances, maps or sets)",
      value,
    );
  }
}

function isByteArray(value: object, prototype: unknown): boolean {
  return (
    (prototype === Uint8Array.prototype || prototype === Buffer.prototype) &&
    ArrayBuffer.isView(value)
  );
}

function checkDepth(argument: string, depthLeft: number): void {
  if (depthLeft <= 0)
    throw new InvalidArgumentError(
      argument,
      "data nested less deeply (and without cycles)",
      "more levels",
    );
}

function checkFields(argument: string, value: Record<string, unknown>, depthLeft: number): void {
  const keys = Reflect.ownKeys(value);
  for (const key of keys) {
    if (typeof key === "symbol")
      throw new InvalidArgumentError(argument, "plain data without symbol keys", key);
    checkKey(argument, key);
    const field = Object.getOwnPropertyDescriptor(value, key);
    if (field === undefined || !("value" in field) || field.enumerable !== true) {
      throw new InvalidArgumentError(
        `${argument}.${key}`,
        "a plain field (no getters, nothing hidden)",
        "an accessor",
      );
    }
    const item: unknown = field.value;
    // The common leaves are answered here: building the path for each would cost more than the check.
    if (isPlainLeaf(item)) continue;
    checkPlainData(`${argument}.${key.slice(0, 64)}`, item, depthLeft);
  }
}

function checkKey(argument: string, key: string): void {
  if (key === "__proto__")
    throw new InvalidArgumentError(argument, 'plain data without a key "__proto__"', key);
  if (!key.isWellFormed())
    throw new InvalidArgumentError(argument, "keys without lone surrogates", key);
}

function isPlainLeaf(item: unknown): boolean {
  switch (typeof item) {
    case "string":
      return item.isWellFormed();
    case "number":
      return Number.isFinite(item);
    case "boolean":
      return true;
    default:
      return item === null;
  }
}

function checkItems(argument: string, items: readonly unknown[], depthLeft: number): void {
  refuseExtraKeys(argument, items, items.length + 1);
  for (let index = 0; index < items.length; index++) {
    checkPlainData(`${argument}[${index}]`, items[index], depthLeft);
  }
}

function refuseExtraKeys(argument: string, value: object, expected: number): void {
  // An array of n items has n index keys and "length"; fewer means holes, which read back as something else.
  if (Reflect.ownKeys(value).length !== expected) {
    throw new InvalidArgumentError(argument, "plain data without holes or extra keys", value);
  }
}
