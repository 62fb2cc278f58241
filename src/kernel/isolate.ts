/**
 * Copies of plain data, so that nobody outside shares an object with a state, an event or a command. What isn't plain is
 * left as it is: whoever checks plain data must still see it, and refuse it.
 */

const DEPTH_MAX = 64;

/** A copy of plain data, as deep as it goes. */
export function isolated(value: unknown, depthLeft = DEPTH_MAX): unknown {
  if (typeof value !== "object" || value === null || depthLeft === 0) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype)
    return isolatedObject(value as Record<string, unknown>, depthLeft);
  if (prototype === Array.prototype) return isolatedArray(value as unknown[], depthLeft);
  if (prototype === Date.prototype) return new Date((value as Date).getTime());
  if (prototype === Uint8Array.prototype || prototype === Buffer.prototype)
    return Buffer.from(value as Uint8Array);
  return value;
}

function isolatedObject(value: Record<string, unknown>, depthLeft: number): unknown {
  // Spread copies an object of known form in one go; the form of the copy is then the same.
  const copy = { ...value };
  for (const key in copy) {
    const item = copy[key];
    if (typeof item === "object" && item !== null) copy[key] = isolated(item, depthLeft - 1);
  }
  return copy;
}

function isolatedArray(items: readonly unknown[], depthLeft: number): unknown {
  if (Reflect.ownKeys(items).length !== items.length + 1) return items;
  return items.map((item) => isolated(item, depthLeft - 1));
}
