/** Single messages of the log, asked of the stream's leader: a replica may not have yet what was acknowledged. */
import { NatsError, type JetStreamManager, type StoredMsg } from "nats";
import { POSITION_HEADER, type WireMessage } from "../transport.js";
import { receivedOf } from "./message-headers.js";
import { MESSAGE_NOT_FOUND, refusalOf } from "./nats-failures.js";
import { PARTITIONS, type Subjects } from "./subjects.js";

/** A message and its place in the log. */
export interface LogMessage {
  readonly sequence: number;
  readonly message: WireMessage;
}

/** How far back one's own messages are looked for behind those of other stores. */
const SCAN_MAX = 16_384;
const SCAN_AT_ONCE = 128;

export class LogReader {
  readonly #subjects: Subjects;

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  async at(manager: JetStreamManager, sequence: number): Promise<LogMessage | undefined> {
    const stored = await this.#get(manager, { seq: sequence });
    return stored === undefined ? undefined : logMessage(stored);
  }

  /**
   * The last message of an aggregate that a store has published. Where other stores have published the same aggregate
   * since, it is looked for in each partition, and then message by message, so far back and no further.
   */
  async lastOf(
    manager: JetStreamManager,
    aggregate: string,
    storeId: string,
  ): Promise<LogMessage | undefined> {
    const own = (stored: StoredMsg) => isOf(logMessage(stored).message, storeId);
    const last = await this.#get(manager, { last_by_subj: this.#subjects.eventsOf(aggregate) });
    if (last === undefined || own(last)) return last && logMessage(last);
    const numbers = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const lasts = await Promise.all(
      numbers.map((partition) =>
        this.#get(manager, { last_by_subj: this.#subjects.event(aggregate, partition) }),
      ),
    );
    const found = lasts.filter((stored) => stored !== undefined);
    const best = found.filter(own).sort((a, b) => b.seq - a.seq)[0];
    const downTo = Math.max(best?.seq ?? 0, last.seq - SCAN_MAX);
    const later = await this.#scan(manager, last.seq - 1, downTo, (stored) => {
      return this.#subjects.parseEvent(stored.subject)?.aggregate === aggregate && own(stored);
    });
    const result = later ?? best;
    return result && logMessage(result);
  }

  /** The last message in `(downTo, from]` that fits. */
  async #scan(
    manager: JetStreamManager,
    from: number,
    downTo: number,
    fits: (stored: StoredMsg) => boolean,
  ): Promise<StoredMsg | undefined> {
    for (let high = from; high > downTo; high -= SCAN_AT_ONCE) {
      const count = Math.min(SCAN_AT_ONCE, high - downTo);
      const page = await Promise.all(
        Array.from({ length: count }, (_, index) => this.#get(manager, { seq: high - index })),
      );
      const found = page.find((stored) => stored !== undefined && fits(stored));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #get(
    manager: JetStreamManager,
    query: { seq: number } | { last_by_subj: string },
  ): Promise<StoredMsg | undefined> {
    try {
      return await manager.streams.getMessage(this.#subjects.stream, query);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** Older servers say so by the number of HTTP only. */
function isNotFound(error: unknown): boolean {
  if (refusalOf(error) === MESSAGE_NOT_FOUND) return true;
  const description = error instanceof NatsError ? error.api_error?.description : undefined;
  return description === "no message found";
}

function logMessage(stored: StoredMsg): LogMessage {
  return {
    sequence: stored.seq,
    message: receivedOf({ headers: stored.header, data: stored.data }),
  };
}

function isOf(message: WireMessage, storeId: string): boolean {
  return message.headers[POSITION_HEADER]?.startsWith(`${storeId}:`) === true;
}
