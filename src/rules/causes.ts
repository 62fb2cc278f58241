/** The events that something goes back to: the first and the newest, in order, each once. */
import type { Cause, Causes, FiredCause } from "./session.js";

const CAUSES_MAX = 16;

export const NO_CAUSES: Causes = Object.freeze({ causes: Object.freeze([]) });

export function causesOf(causes: readonly Cause[], dropped = 0): Causes {
  return dropped === 0 ? { causes } : { causes, causesDropped: dropped };
}

/** Those of all of them together. */
export function mergedCauses(parts: readonly Causes[]): Causes {
  const [only] = parts;
  if (only === undefined) return NO_CAUSES;
  if (parts.length === 1) return causesOf(only.causes, only.causesDropped);
  let dropped = 0;
  const all: Cause[] = [];
  for (const { causes, causesDropped = 0 } of parts) {
    all.push(...causes);
    dropped += causesDropped;
  }
  return bounded(distinct(all), dropped);
}

/** With one more. */
export function withCause(before: Causes, cause: Cause | null): Causes {
  if (cause === null) return causesOf(before.causes, before.causesDropped);
  return mergedCauses([before, { causes: [cause] }]);
}

/** Those of a list in order, each once. */
export function distinct(causes: readonly Cause[]): readonly Cause[] {
  const sorted = causes.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  return sorted.filter((cause, index) => {
    const before = sorted[index - 1];
    return before === undefined || before[0] !== cause[0] || before[1] !== cause[1];
  });
}

export function bounded(causes: readonly Cause[], dropped: number): Causes {
  const [first] = causes;
  if (causes.length <= CAUSES_MAX || first === undefined) return causesOf(causes, dropped);
  const newest = causes.slice(1 - CAUSES_MAX);
  return causesOf([first, ...newest], dropped + causes.length - CAUSES_MAX);
}

/** As a firing tells them. */
export function firedCauses({ causes }: Causes): readonly FiredCause[] {
  return causes.map(([position, part, type]) =>
    part === 0 ? { position, type } : { position, type, part },
  );
}
