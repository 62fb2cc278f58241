/** What tells whether a rule set is another one, whatever its version says: the text of its functions, and its options. */
import { createHash } from "node:crypto";
import type { Kind } from "./fact.js";
import type { Rule } from "./rule.js";
import type { ErasedHandler } from "./runnable-rules.js";

export function rulesHash(
  kinds: ReadonlyMap<string, Kind>,
  rules: readonly Rule[],
  handlers: ReadonlyMap<string, ErasedHandler>,
): string {
  const parts = {
    kinds: [...kinds.values()].sort(byName),
    rules: rules.map(({ patterns, ...rule }) => ({
      ...rule,
      patterns: patterns.map(({ kind, ...pattern }) => ({ ...pattern, kind: kind.name })),
    })),
    handlers: [...handlers].sort(([a], [b]) => (a < b ? -1 : 1)),
  };
  const text = JSON.stringify(parts, (_, value: unknown) => {
    if (typeof value === "function") return String(value);
    return value instanceof Set ? [...(value as Set<unknown>)] : value;
  });
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

function byName(a: Kind, b: Kind): number {
  return a.name < b.name ? -1 : 1;
}
