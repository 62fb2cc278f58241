/** What a follower does with events, apart from following the log. */
import type { ViewWrite } from "../../journal/index.js";
import type { Position, RecordedEvent } from "../kernel/event.js";

export interface Unit {
  /** Takes one event of today. A throw or rejection means that nothing gathered counts: {@link Unit.reset} follows. */
  apply(event: RecordedEvent): Promise<void> | undefined | void;
  /** It should be written soon. */
  isFull(): boolean;
  /** Nothing was gathered. */
  isEmpty(): boolean;
  /**
   * Writes all that was gathered, the position and `writes` together. Resolves once it is on disk. Where parked events
   * were gathered, `replayed` is their key, and the position stays.
   */
  flush(position: Position, writes: readonly ViewWrite[], replayed?: string): Promise<void>;
  /** Forgets what was gathered. */
  reset(): void;
  /** The position on disk; asked after a write failed, when nobody knows whether it was written. */
  storedPosition(): Promise<Position> | Position;
  /** Makes the parked rows in the view store true, before somebody works on them. */
  settle?(): Promise<unknown>;
}
