/** States of a machine as text: `paying`, `shipping.packing`, of parallel ones `left.a & right.b`. */

const NAME_LENGTH_MAX = 400;

export function stateName(value: unknown): string {
  const name = leavesOf(value, "").join(" & ");
  return name.length <= NAME_LENGTH_MAX ? name : `${name.slice(0, NAME_LENGTH_MAX)}…`;
}

function leavesOf(value: unknown, prefix: string): string[] {
  if (typeof value === "string") return [prefix + value];
  const entries = Object.entries((value ?? {}) as Record<string, unknown>);
  return entries.flatMap(([key, inner]) => {
    const isLeaf = typeof inner === "object" && inner !== null && Object.keys(inner).length === 0;
    return isLeaf ? [prefix + key] : leavesOf(inner, `${prefix}${key}.`);
  });
}
