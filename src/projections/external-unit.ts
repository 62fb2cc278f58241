/**
 * An external projection's unit of work: events, gathered until they are written in one transaction of the user's database
 * together with its checkpoint. That checkpoint is the truth; the view store keeps only what is parked.
 *
 * There is no transaction over both stores, so their order matters. Parked rows are written before the checkpoint passes
 * them; those that lie beyond it count for nothing and are removed before the next attempt. Replayed events have a
 * checkpoint of their own for each key, so that their rows may be removed afterwards.
 *
 * An error is an event's only where three things speak for it: it came from the event's handler (or from the commit of this
 * event alone, and the database says that its writes can't stand); the database doesn't take the blame; and it
 * answers right afterwards with an unmoved checkpoint. Any other error is the database's, and is tried again for ever.
 */
import type { Journal, ViewStore, ViewWrite } from "../../journal/index.js";
import { asError, hasCode } from "../kernel/errors.js";
import { handedOn } from "../kernel/provenance.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { HandlerFailedError } from "./errors.js";
import {
  CheckpointBeyondLogError,
  CheckpointMovedError,
  ExternalTimeoutError,
  type Blame,
} from "./external-database.js";
import type { ExternalProjection } from "./external-projection.js";
import { handlingInSpan, type EventTracing } from "./event-span.js";
import type { Unit } from "./unit.js";

export interface ExternalUnitPorts extends EventTracing {
  readonly journal: Journal;
  readonly views: ViewStore;
}

const EVENTS_MAX = 500;

/** What a transaction did, as far as it got. */
interface Course {
  failed: { readonly event: RecordedEvent; readonly cause: unknown } | undefined;
  handledAll: boolean;
}

export class ExternalUnit implements Unit {
  readonly name: string;
  readonly #definition: ExternalProjection;
  readonly #ports: ExternalUnitPorts;
  readonly #closing = new AbortController();
  #events: RecordedEvent[] = [];
  /** The checkpoint in the database, as far as is known here. */
  #from: Position = 0;
  /** Up to here each event has a transaction of its own: a commit of several was refused. */
  #aloneUpTo: Position = 0;
  /** Parked rows on disk that count only once the checkpoint has passed them. */
  #unsettled: readonly ViewWrite[] = [];

  constructor(definition: ExternalProjection, ports: ExternalUnitPorts) {
    this.#definition = definition;
    this.#ports = ports;
    this.name = `${definition.name}@${definition.version}`;
  }

  /**
   * Asks the database where to go on. These rows were parked by an earlier process: those beyond the checkpoint are removed,
   * and their events are handled again.
   */
  async open(parkedRows: readonly ViewWrite[]): Promise<Position> {
    this.#from = await this.#read(this.name);
    this.#unsettled = parkedRows.filter((row) => positionOf(row) > this.#from);
    this.#from = await this.storedPosition();
    return this.#from;
  }

  apply(event: RecordedEvent): void {
    if (this.#definition.handlers.has(event.type)) this.#events.push(event);
  }

  isFull(): boolean {
    const last = this.#events.at(-1);
    return (
      last !== undefined && (this.#events.length >= EVENTS_MAX || last.position <= this.#aloneUpTo)
    );
  }

  isEmpty(): boolean {
    return this.#events.length === 0;
  }

  /** @param replayed - The key whose parked events were gathered; `writes` then take them off the parked ones. */
  async flush(position: Position, writes: readonly ViewWrite[], replayed?: string): Promise<void> {
    const stored = await this.settle();
    if (stored !== undefined && stored !== this.#from)
      throw new CheckpointMovedError(this.name, this.#from, stored);
    if (replayed !== undefined) {
      await this.#replay(`${this.name}/${replayed}`);
      await this.#ports.views.write(writes);
    } else {
      this.#unsettled = writes;
      if (writes.length > 0) await this.#ports.views.write(writes);
      if (position > this.#from)
        await this.#transact(this.name, this.#from, position, this.#events);
      this.#unsettled = [];
      this.#from = position;
    }
    this.#events = [];
  }

  /** Those that were replayed before a crash, and only weren't taken off, are known by the checkpoint of their key. */
  async #replay(checkpoint: string): Promise<void> {
    if (this.#events.length === 0) return;
    let from = await this.#read(checkpoint);
    for (const events of byPosition(this.#events)) {
      const [{ position }] = events;
      if (position <= from) continue;
      await this.#transact(checkpoint, from, position, events);
      from = position;
    }
  }

  reset(): void {
    this.#events = [];
  }

  /** Whoever asks goes on from there. */
  async storedPosition(): Promise<Position> {
    const stored = (await this.settle()) ?? (await this.#read(this.name));
    const head = this.#ports.journal.head();
    if (stored > head) throw new CheckpointBeyondLogError(this.name, stored, head);
    this.#from = Math.max(this.#from, stored);
    return stored;
  }

  /**
   * Removes parked rows that the checkpoint didn't pass. A transaction that was cut off may still be committed: a second one
   * waits for it, and then nothing is on its way.
   *
   * @returns The checkpoint in the database; undefined where there was nothing to do.
   */
  async settle(): Promise<Position | undefined> {
    if (this.#unsettled.length === 0) return undefined;
    const stored = await this.#read(this.name);
    const { database } = this.#definition;
    await this.#untilClosed(database.transaction(this.name, stored, stored, async () => undefined));
    const beyond = this.#unsettled.filter((row) => positionOf(row) > stored);
    await this.#ports.views.write(beyond.map((row) => ({ ...row, value: undefined })));
    this.#unsettled = [];
    return stored;
  }

  async #transact(
    checkpoint: string,
    from: Position,
    to: Position,
    events: readonly RecordedEvent[],
  ): Promise<void> {
    const course: Course = { failed: undefined, handledAll: false };
    const write = async (transaction: unknown): Promise<void> => {
      course.failed = undefined;
      course.handledAll = false;
      for (const event of events) await this.#handle(event, transaction, course);
      course.handledAll = true;
    };
    try {
      await this.#untilClosed(this.#definition.database.transaction(checkpoint, from, to, write));
    } catch (error) {
      throw await this.#judged(asError(error), course, events, checkpoint, from);
    }
  }

  async #handle(event: RecordedEvent, transaction: unknown, course: Course): Promise<void> {
    // After the time given to closing, the transaction must not be committed.
    this.#closing.signal.throwIfAborted();
    try {
      const handler = this.#definition.handlers.get(event.type);
      const subject = `the handler of ${event.type} at position ${event.position}`;
      await handlingInSpan(this.#ports, "external", this.#definition.name, event, async () => {
        const pending = handler?.(event, transaction as never);
        if (pending !== undefined) await this.#within(subject, pending);
      });
    } catch (cause) {
      course.failed = { event, cause };
      throw cause;
    }
  }

  /** Whose error it is; see above. */
  async #judged(
    error: Error,
    { failed, handledAll }: Course,
    events: readonly RecordedEvent[],
    checkpoint: string,
    from: Position,
  ): Promise<Error> {
    const cause = failed?.cause ?? error;
    if (this.#closing.signal.aborted || hasCode(cause, "checkpoint-moved")) return error;
    const blame = this.#blame(cause);
    if (blame === "database") return asError(cause);
    const refused = handledAll && blame === "event";
    const [first] = events;
    const last = events.at(-1);
    if (refused && last !== undefined && last.position !== first?.position)
      this.#aloneUpTo = last.position;
    const event =
      failed?.event ?? (refused && last?.position === first?.position ? last : undefined);
    if (event === undefined) return error;
    const stored = await this.#read(checkpoint).catch(() => undefined);
    if (stored === undefined) return asError(cause);
    if (stored !== from) return new CheckpointMovedError(checkpoint, from, stored);
    const { position, streamId, type } = event;
    const reader = `external projection ${this.name}`;
    return handedOn(event, new HandlerFailedError(reader, position, streamId, type, cause));
  }

  #blame(cause: unknown): Blame {
    try {
      return this.#definition.database.blame(cause);
    } catch {
      return undefined;
    }
  }

  #read(checkpoint: string): Promise<Position> {
    const subject = `the checkpoint ${checkpoint} of the database`;
    return this.#within(subject, this.#definition.database.checkpoint(checkpoint));
  }

  async #within<T>(subject: string, running: Promise<T> | T): Promise<T> {
    const { timeoutMs } = this.#definition;
    let fail: (error: Error) => void = () => undefined;
    const late = new Promise<never>((_, reject) => (fail = reject));
    const timer = this.#ports.clock.setTimer(timeoutMs, () =>
      fail(new ExternalTimeoutError(subject, timeoutMs)),
    );
    try {
      return await this.#untilClosed(Promise.race([running, late]));
    } finally {
      timer.cancel();
    }
  }

  async #untilClosed<T>(running: Promise<T>): Promise<T> {
    const { signal } = this.#closing;
    let onAbort: () => void = () => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(asError(signal.reason));
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([running, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** What is on its way isn't waited for any longer. */
  abort(): void {
    this.#closing.abort(new Error("the runtime is closing"));
  }
}

/** The key of a parked row ends with the position of its event. */
function positionOf({ key }: Pick<ViewWrite, "key">): Position {
  return key.at(-1) as Position;
}

/** One stored event may stand for several of today's. */
function byPosition(
  events: readonly RecordedEvent[],
): (readonly [RecordedEvent, ...RecordedEvent[]])[] {
  const groups: [RecordedEvent, ...RecordedEvent[]][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    if (group?.[0].position === event.position) group.push(event);
    else groups.push([event]);
  }
  return groups;
}
