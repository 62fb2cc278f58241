/** What must hold from one commit record to the next: positions and versions without gaps, times that don't descend. */
import type { Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { eventCountOf, type CommitRecord } from "./record.js";

export class RecordSequence {
  readonly #versions = new Map<StreamId, Version>();
  #head: Position = 0;
  #recordedAtMs = 0;
  commits = 0;

  /** Position of the last event. */
  get head(): Position {
    return this.#head;
  }

  get streams(): number {
    return this.#versions.size;
  }

  /** Takes the next record in. @returns What is wrong with it, in any order; it is taken in all the same. */
  add(record: CommitRecord): string[] {
    const problems: string[] = [];
    if (record.position !== this.#head + 1)
      problems.push(`position ${record.position} comes after ${this.#head}`);
    if (record.recordedAtMs < this.#recordedAtMs)
      problems.push("it was recorded before its predecessor");
    for (const { streamId, firstVersion, events } of record.parts) {
      const expected = (this.#versions.get(streamId) ?? 0) + 1;
      if (firstVersion !== expected)
        problems.push(`${streamId} goes on with version ${firstVersion} instead of ${expected}`);
      this.#versions.set(streamId, firstVersion + events.length - 1);
    }
    this.commits += 1;
    this.#recordedAtMs = record.recordedAtMs;
    this.#head = record.position + eventCountOf(record) - 1;
    return problems;
  }
}
