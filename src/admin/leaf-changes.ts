/** What differs between two states, leaf by leaf. */
import type { Change } from "./stream-shapes.js";

/** A state may have more leaves than anybody reads. */
const CHANGES_MAX = 1_000;

/** At most 1,000 changes, in the order of the fields: those of `before` first. */
export function leafChanges(before: unknown, after: unknown): Change[] {
  const changes: Change[] = [];
  gather(before, after, "", changes);
  return changes;
}

function gather(before: unknown, after: unknown, path: string, changes: Change[]): void {
  if (changes.length >= CHANGES_MAX || Object.is(before, after)) return;
  // A side that isn't there is told leaf by leaf, but an empty one has no leaf that could tell it.
  const sides = [before, after].filter((side) => side !== undefined);
  if (sides.every(isBranch) && sides.some((side) => Object.keys(side).length > 0)) {
    const [left, right] = [before ?? {}, after ?? {}] as Readonly<Record<string, unknown>>[];
    for (const name of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})]))
      gather(own(left, name), own(right, name), path === "" ? name : `${path}.${name}`, changes);
    return;
  }
  if (isSameLeaf(before, after)) return;
  changes.push({
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  });
}

function own(side: Readonly<Record<string, unknown>> | undefined, name: string): unknown {
  return side !== undefined && Object.hasOwn(side, name) ? side[name] : undefined;
}

function isBranch(value: unknown): value is object {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Date) &&
    !(value instanceof Uint8Array)
  );
}

function isSameLeaf(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  return isBranch(a) && isBranch(b) && Array.isArray(a) === Array.isArray(b);
}
