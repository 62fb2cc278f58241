/** What the answers have to be, folded from the whole log in plain code that knows nothing of the view. */
import type { Runtime } from "tidemark";
import type { NumberedReading } from "./foo.js";
import type { FooMessage } from "./protocol.js";

export function foldOf(runtime: Runtime): FooMessage[] {
  const foos = new Map<string, FooMessage>();
  for (const { entityId: id, version, data } of runtime.events()) {
    const { barId, bazId, isActive, value, takenAt } = data as NumberedReading;
    const before = foos.get(id);
    foos.set(id, {
      id,
      barId,
      bazId,
      isActive,
      value,
      lastUpdateAt: takenAt,
      readings: (before?.readings ?? 0) + 1,
      history: [...(before?.history ?? []), { version, isActive, value, takenAt }].slice(-100),
    });
  }
  return [...foos.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
