/** Where a routed input comes from, and whether an instance has had it. */
import type { Position, RecordedEvent } from "../kernel/event.js";

/** Where a routed input comes from. */
export interface Origin {
  readonly position: Position;
  /** One stored event may stand for several of today's: which of them, from 0. */
  readonly part: number;
  readonly eventId: string;
  readonly type: string;
  readonly streamId: string;
}

export function originOf(
  { position, eventId, type, streamId }: RecordedEvent,
  part: number,
): Origin {
  return { position, part, eventId, type, streamId };
}

/** The last routed input that an instance handled. */
export interface Cursor {
  readonly position: Position;
  readonly part: number;
}

/** Whether an input was handled before: they come in order, so what isn't behind the last one is a repetition. */
export function isBehind({ position, part }: Cursor, origin: Origin): boolean {
  if (origin.position !== position) return origin.position > position;
  return origin.part > part;
}
