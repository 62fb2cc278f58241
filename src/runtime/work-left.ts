/** What a runtime that is closed would have to do by itself: for whoever opens it again in time. */
import type { ReadAllOptions } from "../../journal/index.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";

interface Closing {
  readonly head: Position;
  nextWorkAtMs(): number | undefined;
  events(options: ReadAllOptions): Iterable<RecordedEvent>;
}

/** How things stood before what was in hand came to its end. */
interface WorkBefore {
  readonly head: Position | undefined;
  readonly dueAtMs: number | undefined;
}

export function workBefore(runtime: Closing): WorkBefore {
  return { dueAtMs: tried(() => runtime.nextWorkAtMs()), head: tried(() => runtime.head) };
}

/** The wall time of the next work; null where there is none, undefined where only opening it again can tell. */
export function workLeft(runtime: Closing, before: WorkBefore): number | null | undefined {
  const { head, dueAtMs } = before;
  return head === undefined ? undefined : tried(() => workSince(runtime, head, dueAtMs));
}

/** What was in hand may have recorded something for a saga or a reader. Notes of how far they are don't count. */
function workSince(
  runtime: Closing,
  head: Position,
  dueAtMs: number | undefined,
): number | null | undefined {
  for (const { streamType } of runtime.events({ after: head }))
    if (streamType !== AUDIT_STREAM_TYPE) return undefined;
  return dueAtMs ?? null;
}

/** A journal that has failed answers nothing. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
