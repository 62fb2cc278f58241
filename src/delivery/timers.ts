/**
 * The timers of all instances. Those due next are in memory, at most {@link LOADED_MAX}; all are rows of the index, so a hundred
 * thousand pending ones cost a row each. Deadlines are wall time: after a jump of the clock or a restart what is due is
 * due at once. One that fires twice does nothing the second time, since the instance knows what is pending.
 */
import { compareViewKeys, type ViewKey, type ViewReader } from "../../journal/index.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError, isOwnEnd } from "../kernel/errors.js";
import type { Logger } from "../kernel/log.js";
import { DueQueue } from "./due-queue.js";
import { textOf, timerNameOf, under, type DeliveryRows, type TimerName } from "./rows.js";

/** In memory at the most. */
const LOADED_MAX = 20_000;
const FIRING_MAX = 1_000;
/** The wall clock may jump: it is looked at that often while timers are set. */
const LOOK_EVERY_MS = 1_000;
const RETRY_AFTER_MS = 1_000;

export interface TimersPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly views: ViewReader;
  readonly rows: DeliveryRows;
  /** The rows reflect everything durable, and are there to be read. */
  settle(): Promise<void>;
  /** Resolves once the instance has taken it. */
  fire(timer: TimerName): Promise<void>;
}

interface Entry {
  readonly name: TimerName;
  readonly key: ViewKey;
  readonly text: string;
  /** When to fire; later than its deadline where that failed. */
  readonly dueAtMs: number;
}

export class Timers {
  readonly #ports: TimersPorts;
  readonly #queue = new DueQueue<Entry>();
  /** Those in memory that are still wanted, firing ones included. */
  readonly #known = new Map<string, Entry>();
  #firing = 0;
  /** Taken by their instances since this life began. */
  fired = 0;
  /** Every timer up to here is in memory; undefined for all there are. */
  #loadedTo: ViewKey | undefined;
  #loading: Promise<void> | undefined;
  /** Set while some are read: their rows may come too late for that. */
  readonly #meanwhile = new Map<string, TimerName>();
  /** The first of those set while some were read for which there was no room. */
  #missedFrom: ViewKey | undefined;
  #wakeUp: Timer | undefined;
  #wakeAtMs = Infinity;
  #running = false;
  #closed = false;

  constructor(ports: TimersPorts) {
    this.#ports = ports;
    this.#loadedTo = ports.rows.timersKey;
  }

  /** Begins to fire. */
  start(): void {
    this.#running = true;
    this.#pump();
  }

  set(name: TimerName, key = this.#ports.rows.timerKey(name), text = textOf(key)): void {
    // What lies beyond is read when its time comes near.
    if (this.#loadedTo !== undefined && compareViewKeys(key, this.#loadedTo) > 0) {
      if (this.#loading !== undefined) this.#setMeanwhile(name, key, text);
      return;
    }
    this.#add(name, key, text, name.dueAtMs);
    if (this.#known.size > LOADED_MAX) this.#unload();
    if (name.dueAtMs < this.#wakeAtMs) this.#pump();
  }

  #setMeanwhile(name: TimerName, key: ViewKey, text: string): void {
    if (this.#meanwhile.size < LOADED_MAX) this.#meanwhile.set(text, name);
    else this.#missedFrom = earlierOf(key, this.#missedFrom);
  }

  gone(name: TimerName, text = textOf(this.#ports.rows.timerKey(name))): void {
    this.#known.delete(text);
    this.#meanwhile.delete(text);
    // Most are cancelled long before their time: the queue must not fill with what nobody waits for.
    if (this.#queue.size > 2 * LOADED_MAX)
      for (const entry of this.#wanted()) this.#queue.add(entry);
  }

  get firing(): number {
    return this.#firing;
  }

  /** Timers that take room in memory. */
  get inMemory(): number {
    return Math.max(this.#known.size, this.#queue.size) + this.#meanwhile.size;
  }

  /** Whether one fires, or is about to, or it isn't known yet whether one is. */
  isBusy(): boolean {
    if (this.#firing > 0 || this.#loading !== undefined) return true;
    const next = this.#dropGone();
    return next !== undefined && next.dueAtMs <= this.#ports.clock.nowMs();
  }

  /** Wall time of the next one; undefined where none is set. */
  nextDueAtMs(): number | undefined {
    if (this.isBusy()) return this.#ports.clock.nowMs();
    return this.#dropGone()?.dueAtMs;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wakeUp?.cancel();
    await this.#loading;
  }

  #add(name: TimerName, key: ViewKey, text: string, dueAtMs: number): void {
    if (this.#known.has(text)) return;
    const entry = { name, key, text, dueAtMs };
    this.#known.set(text, entry);
    this.#queue.add(entry);
  }

  /** Takes all out of the queue. Those that are wanted still, in no order. */
  #wanted(): Entry[] {
    return this.#queue.takeAll().filter((entry) => this.#isWanted(entry));
  }

  /**
   * The later half goes out of memory: it is on disk, or will be before it is read again. By the order of keys, in which they are
   * read: among those of one millisecond, and with those that are tried again, another order would leave some out.
   */
  #unload(): void {
    const entries = this.#wanted().sort((a, b) => compareViewKeys(a.key, b.key));
    const kept = entries.slice(0, LOADED_MAX / 2);
    for (const entry of kept) this.#queue.add(entry);
    for (const { text } of entries.slice(kept.length)) this.#known.delete(text);
    // Where none is left, all there are fire just now.
    this.#loadedTo = kept[kept.length - 1]?.key ?? this.#loadedTo;
  }

  #pump(): void {
    if (!this.#running || this.#closed) return;
    this.#wakeUp?.cancel();
    this.#wakeAtMs = Infinity;
    const { clock } = this.#ports;
    const nowMs = clock.nowMs();
    let next = this.#dropGone();
    while (next !== undefined && next.dueAtMs <= nowMs && this.#firing < FIRING_MAX) {
      this.#queue.take();
      void this.#fire(next);
      next = this.#dropGone();
    }
    // Early enough that firing goes on while rows are written and read.
    if (this.#loadedTo !== undefined && this.#queue.size < LOADED_MAX / 2) this.#load();
    if (next === undefined || this.#firing >= FIRING_MAX) return;
    this.#wakeAtMs = next.dueAtMs;
    const waitMs = Math.min(Math.max(0, next.dueAtMs - nowMs), LOOK_EVERY_MS);
    this.#wakeUp = clock.setTimer(waitMs, () => this.#pump());
  }

  /** The first that is still wanted. */
  #dropGone(): Entry | undefined {
    let first = this.#queue.first();
    while (first !== undefined && !this.#isWanted(first)) {
      this.#queue.take();
      first = this.#queue.first();
    }
    return first;
  }

  async #fire(entry: Entry): Promise<void> {
    const { clock, logger } = this.#ports;
    this.#firing += 1;
    try {
      await this.#ports.fire(entry.name);
      this.fired += 1;
      this.#forget(entry);
    } catch (error) {
      // One that was cancelled meanwhile is none of ours any more.
      if (!this.#closed && this.#isWanted(entry)) {
        const { owner, instanceId, id } = entry.name;
        const fields = { owner, instanceId, timer: id, error: asError(error) };
        logger.warn(fields, "a timer couldn't fire; it is tried again");
        this.#forget(entry);
        this.#add(entry.name, entry.key, entry.text, clock.nowMs() + RETRY_AFTER_MS);
      }
    }
    this.#firing -= 1;
    // A turn later: those fired together answer together.
    if (this.#firing < FIRING_MAX / 2) this.#pump();
  }

  #isWanted(entry: Entry): boolean {
    return this.#known.get(entry.text) === entry;
  }

  #forget(entry: Entry): void {
    if (this.#isWanted(entry)) this.#known.delete(entry.text);
  }

  #load(): void {
    this.#loading ??= this.#loadNext()
      .catch((error: unknown) => {
        // Nothing fires over a journal that takes nothing.
        if (isOwnEnd(error)) return;
        this.#ports.logger.warn(
          { error: asError(error) },
          "timers couldn't be read; it is tried again",
        );
        this.#wakeUp = this.#ports.clock.setTimer(RETRY_AFTER_MS, () => this.#pump());
      })
      .finally(() => {
        this.#loading = undefined;
        const meanwhile = [...this.#meanwhile.values()];
        this.#meanwhile.clear();
        for (const name of meanwhile) this.set(name);
      });
  }

  async #loadNext(): Promise<void> {
    this.#missedFrom = undefined;
    await this.#ports.settle();
    if (this.#closed) return;
    const limit = LOADED_MAX / 2;
    const { views, rows } = this.#ports;
    const { before } = under(rows.timersKey);
    const from = this.#loadedTo ?? rows.timersKey;
    let count = 0;
    let last = from;
    for (const key of views.keys("rows", { from, before, limit })) {
      const name = timerNameOf(key);
      this.#add(name, key, textOf(key), name.dueAtMs);
      count += 1;
      last = key;
    }
    this.#loadedTo = this.#beforeMissed(count < limit ? undefined : last);
    this.#ports.clock.defer(() => this.#pump());
  }

  #beforeMissed(loadedTo: ViewKey | undefined): ViewKey | undefined {
    return this.#missedFrom === undefined ? loadedTo : earlierOf(this.#missedFrom, loadedTo);
  }
}

function earlierOf(key: ViewKey, other: ViewKey | undefined): ViewKey {
  return other === undefined || compareViewKeys(key, other) < 0 ? key : other;
}
