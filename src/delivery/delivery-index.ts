/**
 * The index of instances: which there are and where, what timers are set, what commands aren't answered. A client of the
 * one loop over history; what it learns it tells the timers and the outbox at once, since it is on disk already,
 * and writes its own rows behind that, many together with the position they reflect.
 */
import {
  Subscription,
  type Journal,
  type Page,
  type ViewKey,
  type ViewStore,
  type ViewWrite,
} from "../../journal/index.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError, isOwnEnd } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import type { Logger } from "../kernel/log.js";
import type { IndexChanges, IndexedEvent, Place } from "./pending.js";
import { storedCommandOf, type StoredCommand } from "./stored-command.js";
import { textOf, type DeliveryRows, type InstanceName, type TimerName } from "./rows.js";

/** Who acts on what the index learns. Told again what it was told before, it does nothing. */
export interface IndexListener {
  /** Its key, and that as text, come along: this is told with every step. */
  timerSet(timer: TimerName, key: ViewKey, text: string): void;
  timerGone(timer: TimerName, text: string): void;
  commandAsked(name: InstanceName, command: StoredCommand): void;
  commandGone(aggregate: string, commandId: string): void;
}

export interface IndexPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly rows: DeliveryRows;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Whose instances it lists, by which of their events. */
export interface Indexed {
  /** For people, as in `index of sagas`. */
  readonly name: string;
  /** Names of sagas, or of rule sets: the types of their streams. */
  readonly owners: readonly string[];
  readonly eventTypes: readonly string[];
}

const FLUSH_AFTER_MS = 1_000;
const GATHERED_MAX = 20_000;

interface GatheredWrite extends ViewWrite {
  /** There was no such row before: where it goes again, nothing needs to be written. */
  readonly isNew: boolean;
}

export class DeliveryIndex {
  readonly #ports: IndexPorts;
  readonly #listener: IndexListener;
  readonly #subscription: Subscription;
  /** By the text of the key: what is written together is one change a row. */
  #writes = new Map<string, GatheredWrite>();
  readonly #counts = new Map<string, { readonly key: ViewKey; change: number }>();
  /** The head when it was opened: what was parked up to there was said in an earlier life. */
  readonly #bornAt: Position;
  #handled: Position;
  #stored: Position;
  #timer: Timer | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Rows ahead of the log belong to a log that isn't there any more, and rows of no position are what is left of them where removing
   * them was cut short: what is made from the log is made on nothing.
   */
  static async clean(
    views: ViewStore,
    { atKey, ranges }: DeliveryRows,
    journal: Journal,
  ): Promise<void> {
    const at = views.get("rows", atKey) as Position | undefined;
    if (at !== undefined && at <= journal.head()) return;
    for (const range of ranges) await views.removeRange("rows", range);
  }

  constructor(indexed: Indexed, listener: IndexListener, ports: IndexPorts) {
    this.#ports = ports;
    this.#listener = listener;
    this.#bornAt = ports.journal.head();
    const { atKey } = ports.rows;
    this.#handled = this.#stored = (ports.views.get("rows", atKey) as Position | undefined) ?? 0;
    this.#subscription = new Subscription(ports.journal, {
      name: indexed.name,
      after: this.#stored,
      filter: { streamTypes: indexed.owners, eventTypes: indexed.eventTypes },
      clock: ports.clock,
      logger: ports.logger,
      handle: (page) => this.#handle(page),
      // What fails is the disk; without its index an instance would stand still for good.
      persists: () => true,
    });
  }

  /** Everything up to here was told; its rows may not be on disk yet. */
  position(): Position {
    return this.#handled;
  }

  status() {
    return this.#subscription.status();
  }

  /** Resolves once the rows reflect everything that is durable now, and are on disk. */
  settle(): Promise<void> {
    // One at a time: what one writes the other must not write, or forget, again.
    const turn = this.#turn.then(() => this.#settle());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #settle(): Promise<void> {
    await this.caughtUp();
    await this.#subscription.hold();
    try {
      if (this.#handled > this.#stored) await this.#flush();
    } finally {
      this.#subscription.release();
    }
  }

  /**
   * Resolves once everything that is durable now was told.
   *
   * @throws JournalPoisonedError - The journal can't be read any more: it would be waited for without end.
   */
  async caughtUp(): Promise<void> {
    const { journal, clock } = this.#ports;
    const head = journal.head();
    while (this.#handled < head && !this.#closed) {
      const { state, lastError } = this.#subscription.status();
      if (state === "stopped") return;
      if (isOwnEnd(lastError)) throw asError(lastError);
      this.#subscription.wake();
      await new Promise<void>((resolve) => clock.defer(resolve));
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#subscription.close();
    await this.#turn;
    try {
      if (this.#handled > this.#stored) await this.#flush();
    } catch (error) {
      // What isn't written is read again next time.
      this.#ports.logger.warn({ error }, "an index of instances wasn't written");
    }
  }

  async #handle({ events, scannedTo }: Page): Promise<Position> {
    // After a failure what isn't on disk comes again; of that, what is gathered here is counted already.
    for (const event of events) if (event.position > this.#handled) this.#take(event);
    this.#handled = Math.max(this.#handled, scannedTo);
    if (this.#writes.size >= GATHERED_MAX) {
      try {
        await this.#flush();
      } catch (error) {
        // The same events come again.
        this.#forget();
        this.#handled = this.#stored;
        throw error;
      }
    } else if (this.#writes.size > 0) {
      this.#flushLater();
    }
    return this.#stored;
  }

  #flushLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#ports.clock.setTimer(FLUSH_AFTER_MS, () => {
      this.#timer = undefined;
      this.settle().catch((error: unknown) => {
        if (isOwnEnd(error)) return;
        this.#ports.logger.warn(
          { error },
          "an index of instances wasn't written; it is tried again",
        );
        this.#flushLater();
      });
    });
  }

  async #flush(): Promise<void> {
    const { views, rows } = this.#ports;
    const position = this.#handled;
    const writes: ViewWrite[] = [...this.#writes.values()];
    for (const { key, change } of this.#counts.values()) {
      if (change === 0) continue;
      const count = ((views.get("rows", key) as number | undefined) ?? 0) + change;
      writes.push({ table: "rows", key, value: count > 0 ? count : undefined });
    }
    writes.push({ table: "rows", key: rows.atKey, value: position });
    try {
      await views.write(writes);
    } catch (error) {
      // A write that failed may be there all the same: counted again it would be wrong.
      if (views.get("rows", rows.atKey) !== position) throw error;
    }
    this.#forget();
    this.#stored = position;
    this.#subscription.acknowledge(position);
  }

  #forget(): void {
    this.#writes = new Map();
    this.#counts.clear();
  }

  #take(event: RecordedEvent): void {
    const { rows } = this.#ports;
    const name = { owner: event.streamType, instanceId: event.entityId };
    const data = event.data as IndexedEvent;
    this.#forgetGone(name, data.gone);
    for (const { id, dueAtMs } of data.timers ?? []) {
      const timer = { ...name, id, dueAtMs };
      const key = rows.timerKey(timer);
      const text = textOf(key);
      this.#put(key, text, true);
      this.#listener.timerSet(timer, key, text);
    }
    for (const request of data.commands ?? []) {
      const command = storedCommandOf(request, event);
      const key = rows.commandKey(request.aggregate, name, request.id);
      this.#put(key, textOf(key), command, event);
      this.#listener.commandAsked(name, handedOn(event, command));
    }
    if (data.to === undefined) return;
    this.#move(name, event, data.from, data.to, data.problem);
    if (data.to[0] === "parked" && data.from?.[0] !== "parked") this.#warnOfParked(name, event);
  }

  /** Without the problem, which may tell what somebody has put into an event. */
  #warnOfParked(name: InstanceName, { position, streamId }: RecordedEvent): void {
    if (position <= this.#bornAt) return;
    this.#ports.logger.warn(
      { ...name, streamId, position },
      `an instance of ${name.owner} is parked: what comes for it is kept until it is released`,
    );
  }

  #forgetGone(name: InstanceName, gone: IndexChanges["gone"]): void {
    const { rows } = this.#ports;
    for (const [id, dueAtMs] of gone?.timers ?? []) {
      const timer = { ...name, id, dueAtMs };
      const key = rows.timerKey(timer);
      const text = textOf(key);
      this.#put(key, text, undefined);
      this.#listener.timerGone(timer, text);
    }
    for (const [aggregate, id] of gone?.commands ?? []) {
      const key = rows.commandKey(aggregate, name, id);
      this.#put(key, textOf(key), undefined);
      this.#listener.commandGone(aggregate, id);
    }
  }

  #move(
    name: InstanceName,
    event: RecordedEvent,
    from: Place | undefined,
    to: Place,
    problem?: string,
  ): void {
    const { rows } = this.#ports;
    if (from !== undefined) {
      const key = rows.instanceKey(name, from);
      this.#put(key, textOf(key), undefined);
      this.#count(rows.countKey(name.owner, from), -1);
    }
    const key = rows.instanceKey(name, to);
    const { recordedAtMs: atMs } = event;
    this.#put(key, textOf(key), problem === undefined ? { atMs } : { atMs, problem }, event);
    this.#count(rows.countKey(name.owner, to), 1);
  }

  /**
   * Rows that come and go between two writes, as most do, cost the disk nothing.
   *
   * @param event - What the value was made of, where it may hold users' data.
   */
  #put(key: ViewKey, text: string, value: unknown, event?: RecordedEvent): void {
    const gathered = this.#writes.get(text);
    const isNew = gathered === undefined ? value !== undefined : gathered.isNew;
    if (isNew && value === undefined) this.#writes.delete(text);
    else this.#writes.set(text, handedOn(event, { table: "rows", key, value, isNew }));
  }

  #count(key: ViewKey, change: number): void {
    const text = textOf(key);
    const entry = this.#counts.get(text);
    if (entry === undefined) this.#counts.set(text, { key, change });
    else entry.change += change;
  }
}
