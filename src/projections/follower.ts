/**
 * Following the log with something that may fail: what projections, reactors and views in other databases have in common.
 * A follower is a client of the one loop over history. It hands events one by one to a unit of work, and writes what the
 * unit gathered together with the position it reflects.
 *
 * When an event fails, nothing that was gathered with it counts: what stood before it is done again and written, then it is
 * tried alone, again and again, and then its policy decides: it is parked with all later ones of its key, or passed
 * over, or nothing goes on.
 */
import { Subscription, type Page, type ViewWrite } from "../../journal/index.js";
import type { Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { HandlerFailedError, isWaitedOut } from "./errors.js";
import { EventApplier } from "./event-applier.js";
import type {
  FollowerOptions,
  FollowerPorts,
  FollowerStatus,
  Verdict,
} from "./follower-options.js";
import { ParkedReplay, type ReplayResult } from "./parked-replay.js";
import { lagMsOf } from "./lag.js";
import { parkedEventOf, Parking, type ParkedEvent } from "./parking.js";
import type { Unit } from "./unit.js";

/** What is gathered is written at the latest after this time. */
const FLUSH_AFTER_MS = 250;
/** An advance without a change is written down now and then only: it can be found again from the index. */
const CHECKPOINT_EVERY_POSITIONS = 10_000;
const CHECKPOINT_AFTER_MS = 1_000;

export class Follower {
  readonly #unit: Unit;
  readonly #options: FollowerOptions;
  readonly #ports: FollowerPorts;
  readonly #subscription: Subscription;
  readonly #parking: Parking;
  readonly #replay: ParkedReplay;
  readonly #applier: EventApplier;
  /** The position on disk. */
  #stored: Position;
  /** Up to here everything is handled; what isn't on disk changed nothing. */
  #handled: Position;
  /** Up to here events were taken; what they changed is with the unit. */
  #taken: Position;
  #gatheringSinceMs: number | undefined;
  #failing: Position | undefined;
  #givenUp: HandlerFailedError | undefined;
  #bound: () => Position = () => Infinity;
  #holds = 0;
  #paused = false;
  #turn: Promise<unknown> = Promise.resolve();
  #checkpointTimer: Timer | undefined;
  #closed = false;

  constructor(unit: Unit, options: FollowerOptions, ports: FollowerPorts) {
    this.#unit = unit;
    this.#options = options;
    this.#ports = ports;
    this.#parking = new Parking(ports.views, options.parkingReader);
    this.#stored = this.#handled = this.#taken = options.after;
    this.#applier = new EventApplier(unit, options);
    this.#replay = new ParkedReplay({
      parking: this.#parking,
      apply: (position) => this.#applyAt(position),
      reset: () => unit.reset(),
      flush: (writes, key) => this.#flush(this.#handled, writes, key),
    });
    const { batchEventsMax, failurePolicy } = options;
    this.#subscription = new Subscription(ports.journal, {
      name: options.name,
      after: options.after,
      filter: options.source.filter,
      clock: ports.clock,
      logger: ports.logger,
      ...failurePolicy,
      follows: options.follows ?? true,
      ...(batchEventsMax === undefined ? {} : { batchEventsMax }),
      upTo: () => this.#upTo(),
      restMs: () => options.restMs?.() ?? 0,
      handle: (page, last) => this.#handle(page, last),
      giveUp: (error) => this.#giveUp(error),
      onAdvanced: () => options.onAdvanced?.(),
      persists: (error) =>
        isWaitedOut(error, options.waitsForStore === true) || this.#verdictOn(error) === "wait",
    });
  }

  /** Everything up to here is handled, and what it changed is on disk. */
  position(): Position {
    return this.#subscription.position();
  }

  reached(position: Position, timeoutMs: number): Promise<void> {
    return this.#subscription.reached(position, timeoutMs);
  }

  /** Looks whether there is something to do; needed for one that commits don't wake. */
  wake(): void {
    this.#subscription.wake();
  }

  status(): FollowerStatus {
    const status = this.#subscription.status();
    return {
      ...status,
      lagMs: lagMsOf(status, this.#ports),
      parked: this.#parking.count,
      paused: this.#paused,
    };
  }

  /** Goes no further than this position, asked again and again; Infinity for the head. Goes on at once. */
  setBound(bound: () => Position): void {
    this.#bound = bound;
    this.#subscription.hurry();
  }

  /** Whether it can't move on by itself. */
  isStuck(): boolean {
    const { state } = this.#subscription.status();
    const follows = this.#options.follows ?? true;
    return this.#paused || !follows || state === "stopped" || state === "closed";
  }

  isParked(key: string): boolean {
    return this.#parking.has(key);
  }

  parked(options?: { readonly key?: string; readonly limit?: number }): ParkedEvent[] {
    return this.#parking.list(options);
  }

  /** Waits until the page in progress is done. Harmless when repeated. */
  async pause(): Promise<void> {
    if (this.#paused) return;
    this.#paused = true;
    await this.#hold();
  }

  /** Goes on after a pause or a stop. */
  resume(): void {
    if (this.#paused) {
      this.#paused = false;
      this.#unhold();
    }
    this.#subscription.restart();
  }

  /** Runs while nothing is handled and everything that was is on disk. One at a time, in order of the calls. */
  exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => this.#runHeld(run));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #runHeld<T>(run: () => Promise<T>): Promise<T> {
    await this.#hold();
    try {
      if (this.#taken > this.#stored) await this.#flush(this.#taken);
      await this.#unit.settle?.();
      return await run();
    } finally {
      this.#unhold();
    }
  }

  async #hold(): Promise<void> {
    this.#holds += 1;
    await this.#subscription.hold();
  }

  #unhold(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#subscription.release();
  }

  /** Writes with the checkpoint, within {@link Follower.exclusive}; these parked events were handled on the way. */
  async writeHeld(
    writes: readonly ViewWrite[],
    replayed: readonly ParkedEvent[] = [],
  ): Promise<void> {
    const removals = replayed.map((event) => this.#parking.removalOf(event));
    await this.#flush(this.#handled, [...writes, ...removals]);
    for (const { key } of replayed) this.#parking.removed(key, 1);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#checkpointTimer?.cancel();
    await this.#subscription.close();
    this.#options.watch?.close();
    await this.#turn;
    try {
      if (this.#taken > this.#stored) await this.#flush(this.#taken);
    } catch (error) {
      // What isn't written is handled again next time.
      this.#warn(error, "a reader's last checkpoint wasn't written");
    }
  }

  #warn(error: unknown, problem: string): void {
    this.#ports.logger.warn({ reader: this.#options.name, error: asError(error) }, problem);
  }

  #upTo(): Position {
    if (this.#failing === undefined) return this.#bound();
    // What stands before the failing event goes to disk first; then it is tried alone.
    const before = this.#failing - 1;
    return Math.min(this.#bound(), this.#handled < before ? before : this.#failing);
  }

  async #handle(page: Page, last: boolean): Promise<Position> {
    try {
      await this.#options.beforePage?.(page);
      const { watch } = this.#options;
      watch?.begin();
      for (const event of page.events) {
        watch?.at(event.position);
        // Most units are synchronous: a promise an event would cost more than the event.
        const taken = this.#take(event);
        if (taken !== undefined) await taken;
        if (!this.#unit.isFull()) continue;
        // A slow disk is no hanging handler.
        watch?.end();
        await this.#flush(event.position);
        watch?.begin();
      }
      watch?.end();
      await this.#endPage(page.scannedTo, last);
      if (this.#failing !== undefined && this.#handled >= this.#failing) this.#failing = undefined;
      return this.#handled;
    } catch (error) {
      this.#options.watch?.end();
      await this.#onFailure(error);
      // What stood before it was spoilt, too: that is done again and written first. Only then do attempts count.
      if (!(error instanceof HandlerFailedError) || this.#handled >= error.position - 1)
        throw error;
      this.#subscription.rewind();
      return this.#handled;
    }
  }

  async #endPage(position: Position, last: boolean): Promise<void> {
    if (this.#unit.isEmpty() && this.#parking.writes().length === 0) {
      this.#handled = this.#taken = position;
      if (position - this.#stored >= CHECKPOINT_EVERY_POSITIONS) await this.#flush(position);
      else if (last) this.#checkpointLater();
      return;
    }
    this.#taken = position;
    const nowMs = this.#ports.clock.monotonicMs();
    this.#gatheringSinceMs ??= nowMs;
    if (last || nowMs - this.#gatheringSinceMs >= FLUSH_AFTER_MS) await this.#flush(position);
  }

  /** For readers in other processes, who know only what is written. */
  #checkpointLater(): void {
    if (this.#checkpointTimer !== undefined || this.#handled === this.#stored) return;
    this.#checkpointTimer = this.#ports.clock.setTimer(CHECKPOINT_AFTER_MS, () => {
      this.#checkpointTimer = undefined;
      if (this.#closed || this.#handled === this.#stored) return;
      this.exclusive(() => Promise.resolve()).catch((error: unknown) => {
        this.#warn(error, "a reader's checkpoint wasn't written");
      });
    });
  }

  async #flush(
    position: Position,
    writes: readonly ViewWrite[] = [],
    replayed?: string,
  ): Promise<void> {
    await this.#unit.flush(position, [...this.#parking.writes(), ...writes], replayed);
    this.#parking.written();
    this.#stored = this.#handled = this.#taken = position;
    this.#gatheringSinceMs = undefined;
    this.#givenUp = undefined;
    this.#subscription.acknowledge(position);
  }

  async #onFailure(error: unknown): Promise<void> {
    this.#unit.reset();
    this.#parking.reset();
    this.#gatheringSinceMs = undefined;
    this.#taken = this.#handled;
    if (error instanceof HandlerFailedError) {
      this.#failing = error.position;
      return;
    }
    // A write that failed may have been written all the same: doing it again would count its events twice.
    const stored = await this.#unit.storedPosition();
    if (stored > this.#handled) {
      this.#stored = this.#handled = this.#taken = stored;
      this.#failing = this.#givenUp = undefined;
      this.#parking.reload();
      this.#subscription.acknowledge(stored);
    }
  }

  #take(event: RecordedEvent): Promise<void> | undefined {
    const { position } = event;
    if (this.#options.skipped.has(position)) return undefined;
    if (this.#givenUp?.position === position) {
      this.#park(event, this.#givenUp);
    } else if (this.#parking.count > 0 && this.#parking.has(this.#applier.keyOf(event))) {
      this.#park(event, undefined);
    } else {
      return this.#applier.apply(event);
    }
    return undefined;
  }

  #park(event: RecordedEvent, error: HandlerFailedError | undefined): void {
    const { failurePolicy } = this.#options;
    const failed = error && { error, attempts: failurePolicy.attemptsMax };
    const key = this.#applier.keyOf(event);
    this.#parking.add(parkedEventOf(event, key, failed, this.#ports.clock.nowMs()));
  }

  #verdictOn(error: Error): Verdict {
    if (!(error instanceof HandlerFailedError)) return "policy";
    return this.#options.verdictOn?.(error) ?? "policy";
  }

  async #giveUp(error: Error): Promise<boolean> {
    const { failurePolicy } = this.#options;
    if (!(error instanceof HandlerFailedError) || this.#verdictOn(error) !== "policy") return false;
    const parks = failurePolicy.then === "park" && !this.#parking.isFull;
    if (!parks && failurePolicy.then !== "skip") return false;
    if (parks) this.#givenUp = error;
    else await this.#options.onSkip(error);
    this.#warn(error, `an event is ${parks ? "parked" : "passed over"}: its handler keeps failing`);
    return true;
  }

  /**
   * Handles the parked events of a key again, or of all keys one after the other, in order, while nothing else is
   * handled. Of each key it stops at the first that fails.
   *
   * @returns How many were handled, and the first that failed.
   */
  async replayParked(key: string | undefined): Promise<ReplayResult> {
    let replayed = 0;
    let failed: ParkedEvent | undefined;
    for (const each of key === undefined ? this.#parking.keys() : [key]) {
      const result = await this.exclusive(() => this.#replay.replay(each));
      replayed += result.replayed;
      failed ??= result.failed;
    }
    return { replayed, failed };
  }

  /** Forgets parked events without handling them: one of a key, or all of it. Returns how many. */
  discardParked(key: string, position?: Position): Promise<number> {
    return this.exclusive(() => this.#replay.discard(key, position));
  }

  async #applyAt(position: Position): Promise<void> {
    // It may have been parked before somebody told to pass it over.
    if (this.#options.skipped.has(position)) return;
    const { journal } = this.#ports;
    const page = journal.readPage({ after: position - 1, upTo: position, limit: 1 });
    for (const event of page.events) await this.#applier.apply(event);
  }
}
