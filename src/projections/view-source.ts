/** Where a view is read from: a projection of this process, or one that another process keeps up to date. */
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import type { Changes } from "./document-unit.js";
import type { Generation } from "./generations.js";
import type { CollectionLayout } from "./layout.js";

/** Told what has changed for readers: documents of the generation that serves, or the generation itself. */
export interface ViewListener {
  changed(changes: Changes, position: Position): void;
  flipped(before: Generation): void;
  closed(): void;
}

export interface ViewSource {
  readonly name: string;
  readonly clock: Clock;
  /** Up to where readers see the log. */
  position(): Position;
  /** Up to where documents that are read in this turn of the event loop reflect the log. */
  reflected(): Position;
  reached(position: Position, timeoutMs: number): Promise<void>;
  head(): Position;
  /** Where a collection stands now: the next call may name another generation. */
  layout(collection: string): CollectionLayout;
  /** @throws OperationRefusedError - Another process keeps it up to date. */
  listen(listener: ViewListener): () => void;
}
