/** What is left of an answer where payloads aren't shown: the second lock, behind that of whoever answers. */
import type { OperationName } from "../index.js";

/** Fields that hold what users recorded, wherever they are in the answer of these operations. */
const FIELDS: Partial<Record<OperationName, readonly string[]>> = {
  events: ["data", "headers"],
  timeline: ["data", "headers", "before", "after"],
  state: ["state"],
  diff: ["before", "after"],
  projections: ["before", "after"],
  "projection.diff": ["before", "after"],
  "projection.parked": ["data", "event", "headers"],
  "projection.documents": ["document"],
  "saga.instance": ["context", "output", "data", "command", "event", "input"],
  "saga.refused": ["data", "event", "input"],
  "rules.session": ["session"],
  "rules.alerts": ["data"],
  "rules.explain": ["data", "events", "alerts"],
  "imports.parked": ["data", "message", "event", "payload"],
  deadLetters: ["command", "data"],
};

export function withoutPayloads(operation: OperationName, output: unknown): unknown {
  const fields = FIELDS[operation];
  return fields === undefined ? output : without(new Set(fields), output);
}

function without(fields: ReadonlySet<string>, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => without(fields, item));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Error || value instanceof Date || value instanceof Uint8Array) return value;
  const entries = Object.entries(value) as [string, unknown][];
  const shown = entries.filter(([key]) => !fields.has(key));
  const kept = shown.map(([key, item]) => [key, without(fields, item)] as const);
  const isCut = shown.length < entries.length;
  return Object.fromEntries(isCut ? [...kept, ["hidden", true] as const] : kept);
}
