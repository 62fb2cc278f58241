/**
 * The log of all services in one process: a bounded ring of messages, with what each durable consumer has done. Where it is
 * full of what a consumer hasn't handled, it takes nothing: publishers wait, as they do when a server is away. What every
 * consumer has handled, or what nobody consumes, makes room, oldest first.
 */
import { LogFullError } from "./errors.js";
import {
  POSITION_HEADER,
  type LogStanding,
  type Publication,
  type WireMessage,
} from "./transport.js";

/** How much the log holds. */
export interface LogBounds {
  readonly messagesMax: number;
  readonly bytesMax: number;
}

/** A message in the log. */
export interface LogEntry {
  readonly sequence: number;
  readonly aggregate: string;
  readonly storeId: string;
  readonly messageId: string;
  readonly message: WireMessage;
  readonly bytes: number;
}

/** What a durable consumer has done. It outlives its connection. */
export class DurableProgress {
  /** Everything before it was delivered at least once. */
  next: number;
  /** Delivered and not done, by sequence. */
  readonly waiting = new Map<number, { dueMs: number; deliveries: number }>();

  constructor(
    readonly aggregate: string,
    first: number,
  ) {
    this.next = first;
  }

  /** Everything before it is done. */
  get floor(): number {
    let floor = this.next;
    for (const sequence of this.waiting.keys()) floor = Math.min(floor, sequence);
    return floor;
  }
}

export class InProcessLog {
  readonly #bounds: LogBounds;
  readonly #incarnation: string;
  /** In order of sequence, without gaps. */
  #entries: LogEntry[] = [];
  #bytes = 0;
  #lastSequence = 0;
  readonly #sequences = new Map<string, number>();
  readonly #durables = new Map<string, DurableProgress>();
  readonly #listeners = new Set<() => void>();

  constructor(bounds: LogBounds, incarnation: string) {
    this.#bounds = bounds;
    this.#incarnation = incarnation;
  }

  standing(): LogStanding {
    return { incarnation: this.#incarnation, lastSequence: this.#lastSequence };
  }

  /** @throws LogFullError - A consumer has yet to make room. */
  publish(publication: Publication, storeId: string): { sequence: number; duplicate: boolean } {
    const { aggregate, messageId, message } = publication;
    const known = this.#sequences.get(messageId);
    if (known !== undefined) return { sequence: known, duplicate: true };
    const bytes = bytesOf(message);
    this.#makeRoom(bytes);
    const sequence = ++this.#lastSequence;
    this.#entries.push({ sequence, aggregate, storeId, messageId, message, bytes });
    this.#bytes += bytes;
    this.#sequences.set(messageId, sequence);
    this.#tell();
    return { sequence, duplicate: false };
  }

  #makeRoom(bytes: number): void {
    const { messagesMax, bytesMax } = this.#bounds;
    const isFull = (count: number, size: number) =>
      count >= messagesMax || (size + bytes > bytesMax && count > 0);
    let dropped = 0;
    let size = this.#bytes;
    while (isFull(this.#entries.length - dropped, size)) {
      const entry = this.#entries[dropped] as LogEntry;
      if (this.#isWanted(entry)) throw new LogFullError(this.#entries.length, this.#bytes);
      size -= entry.bytes;
      dropped += 1;
    }
    for (const { messageId } of this.#entries.splice(0, dropped)) this.#sequences.delete(messageId);
    this.#bytes = size;
  }

  #isWanted({ aggregate, sequence }: LogEntry): boolean {
    for (const durable of this.#durables.values())
      if (durable.aggregate === aggregate && durable.floor <= sequence) return true;
    return false;
  }

  at(sequence: number): LogEntry | undefined {
    return this.#entries[sequence - this.#firstSequence];
  }

  get #firstSequence(): number {
    return this.#entries[0]?.sequence ?? this.#lastSequence + 1;
  }

  lastPublished(aggregate: string, storeId: string): LogEntry | undefined {
    return this.#entries.findLast(
      (entry) => entry.aggregate === aggregate && entry.storeId === storeId,
    );
  }

  /** A consumer's progress; a new one begins with the oldest message that is there. */
  durable(name: string, aggregate: string): DurableProgress {
    const known = this.#durables.get(name);
    if (known !== undefined) return known;
    const durable = new DurableProgress(aggregate, this.#firstSequence);
    this.#durables.set(name, durable);
    return durable;
  }

  /** The next messages of an aggregate behind `from`, so many at the most, and where to go on. */
  page(aggregate: string, from: number, limit: number): { entries: LogEntry[]; next: number } {
    const entries: LogEntry[] = [];
    let next = Math.max(from, this.#firstSequence);
    for (; entries.length < limit && next <= this.#lastSequence; next++) {
      const entry = this.at(next);
      if (entry?.aggregate === aggregate) entries.push(entry);
    }
    return { entries, next };
  }

  /** Calls back after each publication. Returns what ends it. */
  onPublished(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  /** A log that has lost everything behind a sequence, as a server that was restored from a backup. */
  rolledBack(sequence: number, incarnation: string): InProcessLog {
    const log = new InProcessLog(this.#bounds, incarnation);
    log.#entries = this.#entries.filter((entry) => entry.sequence <= sequence);
    log.#lastSequence = Math.min(sequence, this.#lastSequence);
    for (const { messageId, sequence: at, bytes } of log.#entries) {
      log.#sequences.set(messageId, at);
      log.#bytes += bytes;
    }
    for (const [name, { aggregate, next }] of this.#durables) {
      const durable = new DurableProgress(aggregate, Math.min(next, log.#lastSequence + 1));
      log.#durables.set(name, durable);
    }
    for (const listener of this.#listeners) log.#listeners.add(listener);
    return log;
  }
}

function bytesOf({ headers, payload }: WireMessage): number {
  let bytes = payload.length;
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

/** The same message, shared with nobody: what a network would deliver. */
export function copied({ headers, payload }: WireMessage): WireMessage {
  return { headers: { ...headers }, payload: Uint8Array.from(payload) };
}

/** The store that a publication says it comes from. */
export function storeOf({ message }: Publication): string {
  return (message.headers[POSITION_HEADER] ?? "").replace(/:\d+$/, "");
}
