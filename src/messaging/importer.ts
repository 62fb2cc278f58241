/**
 * An importer: makes events of another service's aggregate events of this journal, each once and in order of its entity. From
 * then on they are as good as local ones: projections, reactors and sagas follow them, views are rebuilt from them.
 *
 * Each event is a commit of its own, since correlation and headers belong to a commit. The commits of a page are admitted
 * together, and the last one carries how far the page has come. The transport is told after all are on disk; a kill in between
 * leaves whole commits from the beginning of the page, and each tells where it comes from.
 */
import type { Journal } from "../../journal/index.js";
import { asError, InvalidArgumentError } from "../kernel/errors.js";
import type { Position, Version } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import type { Logger } from "../kernel/log.js";
import { BadMessageError, MessagingClosedError } from "./errors.js";
import { entityOf } from "./event-wire.js";
import { ImportJournal, type ParkedMessage } from "./import-journal.js";
import {
  MessageInspector,
  planPage,
  type Beginning,
  type ImportStep,
  type WaitingFor,
} from "./import-page.js";
import type { StoreProgress } from "./import-records.js";
import type { RemoteAggregate } from "./remote.js";
import type { Closable, Delivery, Handled, TransportConnection } from "./transport.js";

const PAGE_MAX = 256;
const REDELIVER_AFTER_MS = 1_000;
/** Stores of one aggregate: a service that loses its store begins a new one, which is rare. */
const STORES_MAX = 1_000;

export interface ImporterOptions {
  /** Names its place in the log of all services. */
  readonly service: string;
  readonly remote: RemoteAggregate;
  readonly journal: Journal;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** How an importer stands. */
export interface ImportStatus {
  readonly aggregate: string;
  readonly state:
    | "live"
    /** Something that was published earlier hasn't come yet; what follows it waits. */
    | "waiting"
    /** The last page failed; it comes again. */
    | "retrying"
    | "closed";
  /** How far each store of the other service was received, by its id. */
  readonly stores: Readonly<Record<string, StoreProgress>>;
  readonly waiting: readonly WaitingFor[];
  /** Since the runtime was opened. */
  readonly imported: number;
  /** Events of types that aren't taken, since the runtime was opened. */
  readonly passed: number;
  /** Messages that had been received before, since the runtime was opened. */
  readonly duplicates: number;
  readonly parked: number;
  readonly lastError: Error | undefined;
}

/** Which parked messages. */
export interface ParkedQuery {
  readonly entityId?: string;
  /** Defaults to 1,000. */
  readonly limit?: number;
}

/** What a replay has done. */
export interface ImportReplay {
  readonly replayed: number;
  /** The first that still can't be taken. */
  readonly failed: ParkedMessage | undefined;
}

export class Importer {
  readonly #options: ImporterOptions;
  readonly #inspector: MessageInspector;
  readonly #records: ImportJournal;
  readonly #acknowledged = new Map<string, Position>();
  #consuming: Closable | undefined;
  #waiting: readonly WaitingFor[] = [];
  /** As it is on disk. */
  #counts: Counts = { imported: 0, passed: 0, duplicates: 0 };
  #stores: Readonly<Record<string, StoreProgress>>;
  #parkedCount: number;
  #lastError: Error | undefined;
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ImporterOptions) {
    this.#options = options;
    const { remote, journal, limits } = options;
    this.#inspector = new MessageInspector(remote, limits);
    this.#records = new ImportJournal(remote.name, journal, limits);
    this.#stores = Object.fromEntries(this.#records.state.stores);
    this.#parkedCount = this.#records.state.parkedCount;
  }

  get aggregate(): string {
    return this.#options.remote.name;
  }

  /** Resolves once messages come. */
  async start(connection: TransportConnection): Promise<void> {
    this.#consuming = await connection.consume({
      aggregate: this.aggregate,
      durable: `${this.#options.service}-${this.aggregate}`,
      pageMax: PAGE_MAX,
      handle: (page) => this.handle(page),
    });
  }

  status(): ImportStatus {
    return {
      aggregate: this.aggregate,
      state: this.#standing(),
      stores: this.#stores,
      waiting: this.#waiting,
      ...this.#counts,
      parked: this.#parkedCount,
      lastError: this.#lastError,
    };
  }

  #standing(): ImportStatus["state"] {
    if (this.#closed) return "closed";
    if (this.#lastError !== undefined) return "retrying";
    return this.#waiting.length > 0 ? "waiting" : "live";
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#consuming?.close();
    await this.#turn;
  }

  /** One page or operation at a time: they record in one stream. */
  #exclusive<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(async () => {
      if (this.#closed) throw new MessagingClosedError();
      return run();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Takes a page of messages. Resolves once everything that is done is on disk. */
  handle(page: readonly Delivery[]): Promise<Handled> {
    return this.#exclusive(async () => {
      try {
        const handled = await this.#takePage(page);
        this.#lastError = undefined;
        return handled;
      } catch (error) {
        this.#lastError = asError(error);
        const fields = { aggregate: this.aggregate, error: this.#lastError };
        this.#options.logger.warn(
          fields,
          "messages of another service weren't taken; they come again",
        );
        throw error;
      }
    });
  }

  async #takePage(page: readonly Delivery[]): Promise<Handled> {
    const { journal, limits } = this.#options;
    const { stores } = this.#records.state;
    const acknowledged = this.#acknowledged;
    const plan = planPage(page, { stores, acknowledged, ownStoreId: journal.storeId, limits });
    const taken = await this.#recording(() => {
      const counts = { imported: 0, passed: 0, duplicates: plan.duplicates };
      for (const beginning of plan.beginnings) this.#begin(beginning);
      for (const [index, step] of plan.steps.entries()) {
        const outcome = this.#take(step, index === plan.steps.length - 1);
        if (outcome !== "parked") counts[outcome] += 1;
      }
      this.#records.received();
      return counts;
    });
    this.#count(taken);
    this.#setWaiting(plan.waiting);
    return { done: plan.done, redeliverAfterMs: REDELIVER_AFTER_MS };
  }

  /** What is told of it is on disk. */
  async #recording<T>(record: () => T): Promise<T> {
    const result = await this.#records.recording(record);
    this.#stores = Object.fromEntries(this.#records.state.stores);
    this.#parkedCount = this.#records.state.parkedCount;
    return result;
  }

  #count({ imported, passed, duplicates }: Counts): void {
    const counts = this.#counts;
    this.#counts = {
      imported: counts.imported + imported,
      passed: counts.passed + passed,
      duplicates: counts.duplicates + duplicates,
    };
  }

  /** A page tells of its own messages only: the lowest gap that was seen stands until it is filled. */
  #setWaiting(waiting: readonly WaitingFor[]): void {
    const { stores } = this.#records.state;
    const gaps = new Map<string, WaitingFor>();
    for (const each of [...this.#waiting, ...waiting]) {
      const { storeId, missing } = each;
      const reached = stores.get(storeId)?.position ?? 0;
      if (missing <= reached) continue;
      const known = gaps.get(storeId);
      if (known === undefined || missing < known.missing)
        gaps.set(storeId, { storeId, reached, missing });
    }
    const isNew = ({ storeId }: WaitingFor) =>
      !this.#waiting.some((each) => each.storeId === storeId);
    for (const gap of gaps.values())
      if (isNew(gap))
        this.#log("warn", gap, "an event of another service is missing; what follows it waits");
    this.#waiting = [...gaps.values()];
  }

  #take(step: ImportStep, isLast: boolean): "imported" | "passed" | "parked" {
    const { place, message } = step;
    const inspected = this.#inspector.inspect(message);
    if (inspected.kind === "bad") return this.#park(step, inspected.error);
    if (place === undefined)
      return this.#park(step, new BadMessageError("it doesn't say where it stands in its journal"));
    if (this.#isOneTooMany(place.storeId)) {
      const error = new BadMessageError(`it comes from more than ${STORES_MAX} stores`);
      return this.#park({ ...step, place: undefined }, error);
    }
    if (inspected.kind === "unwanted") {
      this.#records.pass(place);
      return "passed";
    }
    if (this.#records.state.isParked(inspected.event.entityId)) return this.#park(step, undefined);
    try {
      this.#records.take(inspected.event, place, isLast);
      return "imported";
    } catch (error) {
      // Over a limit of this journal: no better than what can't be read.
      if (error instanceof InvalidArgumentError) return this.#park(step, error);
      throw error;
    }
  }

  #begin(beginning: Beginning): void {
    this.#records.begin(beginning);
    if (beginning.reached > 0)
      this.#log("info", beginning, "what stood before the first event isn't in the log any more");
  }

  #isOneTooMany(storeId: string): boolean {
    const { stores } = this.#records.state;
    return stores.size >= STORES_MAX && !stores.has(storeId);
  }

  #park({ place, message }: ImportStep, error: Error | undefined): "parked" {
    // What doesn't come from a relay must not keep an entity's events back.
    const entityId = place && entityOf(message, this.#options.limits);
    const isNew = this.#records.park(message, place, entityId, error);
    if (isNew && error !== undefined)
      this.#log(
        "warn",
        { ...place, entityId, error },
        "a message can't be taken; it is parked, with all later ones of its entity",
      );
    return "parked";
  }

  #log(level: "info" | "warn", fields: object, text: string): void {
    this.#options.logger[level]({ aggregate: this.aggregate, ...fields }, text);
  }

  /** Oldest first. */
  parked({ entityId, limit = 1_000 }: ParkedQuery = {}): ParkedMessage[] {
    const refs = this.#records.state.parked(entityId).slice(0, limit);
    // What was parked in this moment isn't on disk yet.
    return refs.flatMap(({ at }) => this.#records.parkedAt(at) ?? []);
  }

  /** Takes parked messages, in order; of each entity up to the first that still can't be taken. */
  replay(entityId?: string): Promise<ImportReplay> {
    return this.#exclusive(async () => {
      let replayed = 0;
      let failed: ParkedMessage | undefined;
      const blocked = new Set<string>();
      for (const ref of this.#records.state.parked(entityId)) {
        if (ref.entityId !== undefined && blocked.has(ref.entityId)) continue;
        const parked = this.#records.parkedAt(ref.at);
        if (parked === undefined) continue;
        if (await this.#replayOne(parked)) {
          replayed += 1;
          continue;
        }
        failed ??= parked;
        if (ref.entityId !== undefined) blocked.add(ref.entityId);
      }
      return { replayed, failed };
    });
  }

  async #replayOne({ at, message, position }: ParkedMessage): Promise<boolean> {
    // One that doesn't say where it stood in its journal can't be told from one that came twice.
    if (message === undefined || position === undefined) return false;
    const inspected = this.#inspector.inspect(message);
    if (inspected.kind === "bad") return false;
    const event = inspected.kind === "event" ? inspected.event : undefined;
    try {
      await this.#recording(() => this.#records.replay(at, event));
    } catch (error) {
      if (error instanceof InvalidArgumentError) return false;
      throw error;
    }
    if (event !== undefined) this.#count({ imported: 1, passed: 0, duplicates: 0 });
    return true;
  }

  /** Forgets parked messages without taking them. Returns how many. */
  discard({ entityId, at }: DiscardQuery): Promise<number> {
    return this.#exclusive(async () => {
      const found = this.#records.state
        .parked(entityId)
        .map((ref) => ref.at)
        .filter((version) => at === undefined || version === at);
      await this.#recording(() => this.#records.discard(found));
      return found.length;
    });
  }

  /** Goes on without what is missing, for good. Returns what was given up. */
  acceptGaps(): Promise<readonly WaitingFor[]> {
    return this.#exclusive(async () => {
      const gaps = this.#waiting;
      await this.#recording(() => {
        for (const { storeId, missing } of gaps) {
          const { position = 0, startedAt = 0 } = this.#records.state.stores.get(storeId) ?? {};
          // Of a store that hasn't begun, the lowest that was ever seen is next.
          const to = position === 0 && startedAt > 0 ? startedAt - 1 : missing;
          this.#records.acceptGap(storeId, to);
        }
      });
      this.#waiting = [];
      return gaps;
    });
  }
}

interface Counts {
  readonly imported: number;
  readonly passed: number;
  readonly duplicates: number;
}

/** Which parked messages are given up; all where neither is given. */
export interface DiscardQuery {
  readonly entityId?: string;
  /** Of {@link ParkedMessage}. */
  readonly at?: Version;
}
