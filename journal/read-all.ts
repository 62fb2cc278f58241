/** The whole journal as an iterator over pages, for readers that want no loop of their own. */
import type { RecordedEvent, Position } from "../src/kernel/event.js";
import type { EventFilter, Journal } from "./journal.js";

/** Which events of the whole journal are read; all of them where nothing is said. */
export interface ReadAllOptions {
  /** Exclusive; defaults to 0, the beginning. */
  readonly after?: Position;
  /** Inclusive; defaults to the head when the reading begins. */
  readonly upTo?: Position;
  /** Events at the most. */
  readonly limit?: number;
  readonly filter?: EventFilter;
}

const PAGE_EVENTS = 512;

/** Events of the whole journal in order of position. */
export function* readAll(journal: Journal, options: ReadAllOptions = {}): Generator<RecordedEvent> {
  const upTo = Math.min(options.upTo ?? Infinity, journal.head());
  let after = options.after ?? 0;
  let left = options.limit ?? Infinity;
  while (after < upTo && left > 0) {
    const page = journal.readPage({
      after,
      upTo,
      limit: Math.min(left, PAGE_EVENTS),
      ...(options.filter === undefined ? {} : { filter: options.filter }),
    });
    yield* page.events;
    left -= page.events.length;
    after = page.scannedTo;
  }
}
