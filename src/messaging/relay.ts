/**
 * The relay: publishes what is recorded here to the log of all services, in order of position. It is a client of the one loop
 * over history and keeps nothing in memory but its cursor; without a connection it waits.
 *
 * ```
 *   disconnected <----- connection lost ------+
 *        |                                    |
 *     connected                               |
 *        v                                    |
 *   verifying (does the log hold what it was given?) ----> publishing: catching-up, live, retrying
 * ```
 */
import { Subscription, type Journal, type Page, type ViewStore } from "../../journal/index.js";
import { backOffMs } from "../kernel/back-off.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import type { Logger } from "../kernel/log.js";
import { unlessEnded } from "../kernel/unless-ended.js";
import { spanned, traceOf, type Span, type TraceContext, type Tracer } from "../kernel/tracer.js";
import { publicationOf } from "./event-wire.js";
import { PublishWindow } from "./publish-window.js";
import {
  findPlace,
  lastOf,
  readCursor,
  writeCursor,
  type Floors,
  type RelayCursor,
  type RelayPlace,
} from "./relay-cursor.js";
import { IN_FLIGHT_MAX, type TransportConnection } from "./transport.js";

const CURSOR_EVERY_POSITIONS = 10_000;
const CURSOR_AFTER_MS = 1_000;
const RETRY_DELAY_MS = 100;
const RETRY_DELAY_MAX_MS = 2_000;

export interface RelayOptions {
  /** Whose events. */
  readonly aggregates: readonly string[];
  readonly connection: TransportConnection;
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly tracer?: Tracer;
}

/** How the relay stands. */
export interface RelayStatus {
  readonly state:
    | "disconnected"
    | "verifying"
    | "catching-up"
    | "live"
    /** A publication or a look into the log failed; it is tried again, however often. */
    | "retrying"
    | "closed";
  /** Everything exposed up to here was published and acknowledged. */
  readonly position: Position;
  readonly lagEvents: number;
  /** Since the oldest event that isn't published was recorded; 0 where all are. Of a journal that can't be read any more, since one was published last. */
  readonly lagMs: number;
  /** Since the runtime was opened, repetitions included. */
  readonly published: number;
  /** Times the log of all services was found to have lost something, and was given it again. */
  readonly losses: number;
  readonly lastError: Error | undefined;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #endListening: () => void;
  #cursor: RelayCursor | undefined;
  /** In the cursor on disk. */
  #stored: Position = 0;
  #subscription: Subscription | undefined;
  /** Where publishing began, by aggregate: what stands before isn't published again. */
  #floors: Floors = new Map();
  /** Position of the last publication of each aggregate. */
  #previous = new Map<string, Position>();
  #verifying: Promise<void> | undefined;
  #mustVerify = false;
  #attempts = 0;
  #timer: Timer | undefined;
  #cursorTimer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #published = 0;
  #losses = 0;
  #lastError: Error | undefined;
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#cursor = readCursor(options.views);
    this.#stored = this.#cursor === undefined ? 0 : lowest(this.#cursor.floors.values());
    this.#endListening = options.connection.onChange((connected) => this.#changed(connected));
    if (options.connection.status().connected) this.#verify();
  }

  status(): RelayStatus {
    const { journal, clock } = this.#options;
    const position = this.#subscription?.position() ?? this.#stored;
    const lagEvents = Math.max(0, journal.head() - position);
    const sinceMs = lagEvents === 0 ? undefined : this.#behindSinceMs(position);
    return {
      state: this.#state(),
      position,
      lagEvents: sinceMs === undefined ? 0 : lagEvents,
      lagMs: sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs),
      published: this.#published,
      losses: this.#losses,
      lastError: this.#lastError ?? this.#subscription?.status().lastError,
    };
  }

  #state(): RelayStatus["state"] {
    if (this.#closed) return "closed";
    if (!this.#options.connection.status().connected) return "disconnected";
    if (this.#lastError !== undefined) return "retrying";
    const state = this.#subscription?.status().state;
    return state === "catching-up" || state === "live" || state === "retrying"
      ? state
      : "verifying";
  }

  /** Undefined where nothing is to be published. */
  #behindSinceMs(position: Position): number | undefined {
    const { journal, aggregates, clock } = this.#options;
    const part = { after: position, limit: 1, filter: { streamTypes: aggregates } };
    const status = this.#subscription?.status();
    return unlessEnded(
      () => journal.readPage(part).events[0]?.recordedAtMs,
      status?.lastAdvanceAtMs ?? status?.lastCycleAtMs ?? clock.nowMs(),
    );
  }

  /** Waits for what is on its way, and writes down how far it is. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endListening();
    this.#timer?.cancel();
    this.#cursorTimer?.cancel();
    await this.#verifying;
    await this.#subscription?.close();
    await this.#writeCursor();
  }

  #changed(connected: boolean): void {
    this.#timer?.cancel();
    this.#attempts = 0;
    if (connected) this.#verify();
    // What is on its way fails or doesn't; either way the log is looked at before anything follows.
    else void this.#subscription?.hold();
  }

  #verify(): void {
    if (this.#closed) return;
    this.#mustVerify = true;
    this.#verifying ??= this.#verifyUntilDone().finally(() => (this.#verifying = undefined));
  }

  async #verifyUntilDone(): Promise<void> {
    while (this.#mustVerify && !this.#closed) {
      this.#mustVerify = false;
      try {
        await this.#subscription?.hold();
        const { connection, journal, aggregates, limits } = this.#options;
        const { storeId } = journal;
        const search = { connection, storeId, aggregates, limits, head: journal.head() };
        await this.#goOn(await findPlace(this.#cursor, search));
        this.#lastError = undefined;
      } catch (error) {
        this.#lastError = asError(error);
        this.#verifyLater();
      }
    }
  }

  #verifyLater(): void {
    if (this.#closed || !this.#options.connection.status().connected) return;
    this.#attempts += 1;
    const delayMs = backOffMs(this.#attempts, RETRY_DELAY_MS, RETRY_DELAY_MAX_MS);
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#verify());
  }

  /** It may have been interrupted again, or closed, while the log was looked at. */
  async #goOn(place: RelayPlace): Promise<void> {
    if (this.#closed) return;
    if (place.intact && this.#subscription !== undefined) {
      if (!this.#mustVerify) this.#subscription.release();
      return;
    }
    if (!place.intact && this.#cursor !== undefined) this.#reportLoss(place);
    await this.#subscription?.close();
    this.#begin(place.cursor);
  }

  #reportLoss({ cursor }: RelayPlace): void {
    this.#losses += 1;
    const fields = { relayed: this.#cursor?.position, from: lowest(cursor.floors.values()) };
    this.#options.logger.warn(
      fields,
      "the log of all services has lost events of this one; they are published again from the journal",
    );
  }

  #begin(cursor: RelayCursor): void {
    const { journal, clock, logger, aggregates } = this.#options;
    const floors = [...cursor.floors];
    this.#cursor = cursor;
    this.#floors = cursor.floors;
    this.#previous = new Map(floors.map(([name, floor]) => [name, lastOf(journal, name, floor)]));
    const after = lowest(cursor.floors.values());
    this.#subscription = new Subscription(journal, {
      name: "relay",
      after,
      filter: { streamTypes: aggregates },
      clock,
      logger,
      retryDelayMs: RETRY_DELAY_MS,
      retryDelayMaxMs: RETRY_DELAY_MAX_MS,
      persists: () => true,
      handle: (page) => this.#publish(page),
    });
  }

  async #publish(page: Page): Promise<void> {
    const previous = new Map(this.#previous);
    const window = new PublishWindow(IN_FLIGHT_MAX, this.#subscription?.position() ?? 0);
    let last: { position: Position; sequence: number } | undefined;
    for (const event of page.events) {
      const { position, streamType } = event;
      const floor = this.#floors.get(streamType) ?? 0;
      if (position <= floor) continue;
      if (window.failed) break;
      const neighbours = {
        previous: previous.get(streamType) ?? 0,
        acknowledged: Math.max(window.acknowledged, floor),
      };
      previous.set(streamType, position);
      const publishing = this.#publishOne(event, neighbours).then((sequence) => {
        if (last === undefined || position > last.position) last = { position, sequence };
      });
      const room = window.add(position, publishing);
      if (room !== undefined) await room;
    }
    try {
      await window.settled();
    } catch (error) {
      // What stands behind the one that failed is published again, too, with the same ids: its order counts.
      this.#advanced(page, window.acknowledged, last);
      this.#subscription?.acknowledge(window.acknowledged);
      throw error;
    }
    this.#advanced(page, page.scannedTo, last);
  }

  async #publishOne(event: RecordedEvent, neighbours: Neighbours): Promise<number> {
    const { connection, journal, limits } = this.#options;
    const publication = publicationOf(event, journal.storeId, neighbours, limits);
    const trace = event.headers === undefined ? undefined : traceOf(event.headers);
    const span = trace === undefined ? undefined : this.#traced(event, trace);
    const publishing = connection.publish(publication);
    const { sequence } = await (span === undefined ? publishing : spanned(span, publishing));
    this.#published += 1;
    return sequence;
  }

  #traced(event: RecordedEvent, trace: TraceContext): Span | undefined {
    const attributes = {
      "messaging.system": this.#options.connection.status().transport,
      "messaging.operation.type": "send",
      "messaging.destination.name": event.streamType,
      "messaging.message.id": event.eventId,
      "tidemark.event": event.type,
    };
    return this.#options.tracer?.start(
      `publish ${event.streamType}`,
      "producer",
      attributes,
      trace,
    );
  }

  #advanced(
    page: Page,
    upTo: Position,
    last: { readonly position: Position; readonly sequence: number } | undefined,
  ): void {
    for (const { position, streamType } of page.events) {
      if (position > upTo) break;
      this.#previous.set(streamType, Math.max(position, this.#previous.get(streamType) ?? 0));
    }
    const cursor = this.#cursor as RelayCursor;
    const floors = new Map([...this.#floors].map(([name, floor]) => [name, Math.max(floor, upTo)]));
    this.#cursor = { ...cursor, ...last, floors };
    if (lowest(floors.values()) - this.#stored >= CURSOR_EVERY_POSITIONS) void this.#writeCursor();
    else this.#writeCursorLater();
  }

  #writeCursorLater(): void {
    this.#cursorTimer ??= this.#options.clock.setTimer(CURSOR_AFTER_MS, () => {
      this.#cursorTimer = undefined;
      if (!this.#closed) void this.#writeCursor();
    });
  }

  #writeCursor(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor === undefined) return this.#writing;
    this.#stored = lowest(cursor.floors.values());
    this.#writing = this.#writing
      .then(() => writeCursor(this.#options.views, cursor))
      .catch((error: unknown) => {
        // Without it something is published again next time.
        this.#options.logger.warn({ error: asError(error) }, "the relay's cursor wasn't written");
      });
    return this.#writing;
  }
}

interface Neighbours {
  readonly previous: Position;
  readonly acknowledged: Position;
}

function lowest(positions: Iterable<Position>): Position {
  const all = [...positions];
  return all.length === 0 ? 0 : Math.min(...all);
}
