/**
 * Hydration: fetching an entity's state when a message needs it. Reads are synchronous, so a long history is folded in
 * slices, and only so many entities at a time hold a permit: a cold start with thousands of messages neither blocks the
 * event loop nor starves what is already warm.
 */
import type { Journal } from "../journal/index.js";
import type { Clock } from "../src/kernel/clock.js";
import { asError, isOwnEnd, TidemarkError } from "../src/kernel/errors.js";
import type { StoredEvent } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import type { Behavior } from "./behavior.js";
import { HydrationFailedError } from "./errors.js";
import { Fold, usableSnapshot } from "./fold.js";
import type { Permits } from "./permits.js";

/**
 * Events folded for one entity before the others have their turn, and in one turn of the event loop: few enough that the
 * first commands are on their way to the disk while the next entities are folded.
 */
const SLICE_EVENTS = 256;
const TURN_EVENTS = 2_048;
/** Even an entity without history costs look-ups, and its command a commit. */
const ENTITY_EVENTS = 64;

interface Job {
  readonly behavior: Behavior;
  readonly streamId: StreamId;
  readonly hydrated: (fold: Fold) => void;
  readonly failed: (error: Error) => void;
  fold: Fold | undefined;
  runs: Iterator<readonly StoredEvent[]> | undefined;
}

export class Hydrator {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #permits: Permits;
  #queue: Job[] = [];
  #running: Job[] = [];
  #scheduled = false;
  hydrations = 0;
  eventsFolded = 0;

  constructor(journal: Journal, clock: Clock, permits: Permits) {
    this.#journal = journal;
    this.#clock = clock;
    this.#permits = permits;
  }

  /** Calls exactly one of the two, on a later turn. */
  hydrate(
    behavior: Behavior,
    streamId: StreamId,
    hydrated: (fold: Fold) => void,
    failed: (error: Error) => void,
  ): void {
    this.#queue.push({ behavior, streamId, hydrated, failed, fold: undefined, runs: undefined });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.defer(() => {
      this.#scheduled = false;
      this.#turn();
      if (this.#queue.length > 0 || this.#running.length > 0) this.#schedule();
    });
  }

  #turn(): void {
    let left = TURN_EVENTS;
    while (left > 0) {
      this.#admit();
      const jobs = this.#running;
      if (jobs.length === 0) return;
      this.#running = [];
      for (const job of jobs) {
        if (left <= 0) {
          this.#running.push(job);
          continue;
        }
        const folded = this.#slice(job);
        left -= Math.abs(folded) + ENTITY_EVENTS;
        if (folded >= 0) this.#running.push(job);
        else this.#permits.give(1);
      }
    }
  }

  #admit(): void {
    if (this.#queue.length === 0) return;
    const admitted = this.#permits.take(this.#queue.length);
    if (admitted === 0) return;
    this.#running.push(...this.#queue.slice(0, admitted));
    this.#queue = this.#queue.slice(admitted);
  }

  /** Folds a slice; the number of events, or its negative where the job is done. */
  #slice(job: Job): number {
    let folded = 0;
    try {
      const fold = (job.fold ??= this.#begin(job));
      const runs = (job.runs ??= this.#runsAfter(job.streamId, fold));
      while (folded < SLICE_EVENTS) {
        const next = runs.next();
        if (next.done === true) break;
        for (const event of next.value) fold.apply(event);
        folded += next.value.length;
      }
      this.eventsFolded += folded;
      if (folded >= SLICE_EVENTS) return folded;
      this.hydrations += 1;
      job.hydrated(fold);
    } catch (error) {
      job.failed(this.#asHydrationFailure(job, error));
    }
    return -folded - 1;
  }

  #begin({ behavior, streamId }: Job): Fold {
    const rules = behavior.snapshotRules;
    if (rules === undefined) return new Fold(behavior, streamId);
    const snapshot = this.#journal.findSnapshot(streamId);
    return new Fold(
      behavior,
      streamId,
      usableSnapshot(behavior, snapshot, this.#journal.streamVersion(streamId)),
    );
  }

  #runsAfter(streamId: StreamId, fold: Fold): Iterator<readonly StoredEvent[]> {
    return this.#journal.replayStream(streamId, { from: fold.version + 1 })[Symbol.iterator]();
  }

  #asHydrationFailure(job: Job, error: unknown): Error {
    if (error instanceof HydrationFailedError || isOwnEnd(error)) return asError(error);
    // What a disk fails with may pass, unless the journal knows better.
    const mayPass = !(error instanceof TidemarkError) || error.retryable;
    const { streamId, fold } = job;
    const details = { cause: error };
    return new HydrationFailedError(streamId, fold?.version ?? 0, undefined, details, mayPass);
  }
}
