/** Events as an operator asks for them and sees them. */
import type { Position, Version } from "../kernel/event.js";

/** An event as an operator sees it. */
export interface ShownEvent {
  readonly position: Position;
  readonly stream: string;
  readonly version: Version;
  readonly type: string;
  readonly shape: number;
  readonly recordedAtMs: number;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly headers?: unknown;
  /** Left out, with `hidden`, where whoever asks may not see payloads. */
  readonly data?: unknown;
  readonly hidden?: true;
}

/** Which events. What is left out admits all. */
export interface EventsQuery {
  readonly stream?: string;
  readonly streamTypes?: readonly string[];
  readonly types?: readonly string[];
  /** Leaves out what Tidemark records for itself: streams of the type `tidemark`. */
  readonly withoutOwn?: boolean;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly correlationId?: string;
  /** In the stream's id, the type or the data, whatever the case; costs a scan. */
  readonly text?: string;
  /** Exclusive bounds. */
  readonly after?: Position;
  readonly before?: Position;
  /** Newest first with `backward`; defaults to `forward`. */
  readonly direction?: "forward" | "backward";
  /** Defaults to 100; at most 1,000. */
  readonly limit?: number;
  /** Where nothing is found, waits so long for something that fits: following is asking again. At most 30,000. */
  readonly waitMs?: number;
}

/** Events found. */
export interface EventsPage {
  readonly events: readonly ShownEvent[];
  readonly head: Position;
  /** `after` (or, going backward, `before`) of the next page; undefined where the journal ends there. */
  readonly next?: Position;
  /** Every event that fits up to here is in this page or one before it. A scan for text, or for what is rare, ends early and gives `next`. */
  readonly scannedTo: Position;
}
