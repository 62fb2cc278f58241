/** A page while it is filled: it takes records in order, keeps the events that it is for, and knows how far it has looked. */
import type { Position, RecordedEvent } from "../../src/kernel/event.js";
import { streamTypeOf } from "../../src/kernel/ids.js";
import type { EventFilter, Page, PageOptions } from "../journal.js";
import { matches } from "../read-options.js";
import { recordedEventOf, type CommitRecord } from "../record.js";

export class PageDraft {
  readonly #storeId: string;
  readonly #filter: EventFilter | undefined;
  readonly #limit: number;
  readonly #events: RecordedEvent[] = [];
  #scannedTo: Position;
  /** Last position it may hold. */
  readonly upTo: Position;

  constructor(storeId: string, { after, limit, filter }: PageOptions, upTo: Position) {
    this.#storeId = storeId;
    this.#filter = filter;
    this.#limit = limit;
    this.#scannedTo = after;
    this.upTo = upTo;
  }

  get length(): number {
    return this.#events.length;
  }

  isFull(): boolean {
    return this.#events.length >= this.#limit;
  }

  /** Position after the last one it has looked at. */
  get next(): Position {
    return this.#scannedTo + 1;
  }

  /** Takes what it may hold of a commit; what it has looked at before, and what it has no room for, it passes over. */
  collect(record: CommitRecord): void {
    let { position } = record;
    for (const part of record.parts) {
      const streamType = streamTypeOf(part.streamId);
      for (let at = 0; at < part.events.length; at++, position++) {
        if (position <= this.#scannedTo) continue;
        if (position > this.upTo || this.isFull()) return;
        this.#scannedTo = position;
        if (matches(this.#filter, streamType, part.events[at]?.type ?? ""))
          this.#events.push(recordedEventOf(this.#storeId, record, part, at, position));
      }
    }
  }

  /** The page, after everything that might match was looked at, or as much as it has room for. */
  page(): Page {
    const scannedTo = this.isFull() ? this.#scannedTo : this.upTo;
    return { events: this.#events, scannedTo };
  }
}
