/** Streams and their states as an operator sees them. */
import type { Position, Version } from "../kernel/event.js";
import type { ShownEvent } from "./event-shapes.js";

/** A moment of a stream: of the three at most one; none is now. */
export interface At {
  readonly version?: Version;
  readonly position?: Position;
  readonly timeMs?: number;
}

/** What a stream is of: what its state means, and whether it can be folded here. */
export type StreamKind = "aggregate" | "saga" | "rules" | "tidemark" | "other";

/** A stream: what it is of, and how far it is. */
export interface StreamInfo {
  readonly stream: string;
  readonly kind: StreamKind;
  readonly version: Version;
  readonly truncatedBefore?: Version;
  /** Where what was before it is, as the summary that stands for it says. */
  readonly archive?: {
    readonly file: string;
    readonly firstVersion: Version;
    readonly lastVersion: Version;
  };
  /** It has ended: it takes no more commands. */
  readonly tombstoned?: true;
  readonly first?: { readonly position: Position; readonly recordedAtMs: number };
  readonly last?: { readonly position: Position; readonly recordedAtMs: number };
  readonly snapshot?: { readonly version: Version; readonly takenAtMs: number };
}

/** A state, folded by whoever owns the stream. */
export interface ShownState {
  readonly stream: string;
  readonly kind: StreamKind;
  readonly version: Version;
  readonly state?: unknown;
  readonly hidden?: true;
}

/** One leaf that differs. `path` is `address.city` or `items.0.price`; a side that isn't there is left out. */
export interface Change {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

/** What is different between two versions of a stream. */
export interface StateDiff {
  readonly stream: string;
  readonly from: Version;
  readonly to: Version;
  readonly changes: readonly Change[];
  readonly hidden?: true;
}

/** One version of a stream: the event, and what it changed. */
export interface TimelineEntry {
  readonly event: ShownEvent;
  /** What the event changed of the state. */
  readonly changes: readonly Change[];
  readonly hidden?: true;
}
