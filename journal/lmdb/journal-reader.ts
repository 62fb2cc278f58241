/**
 * A journal opened for reading beside its owner. It follows the log by itself: what the owner's index doesn't show yet
 * is replayed from the log into a tail of its own, at each read.
 */
import type { Clock, Timer } from "../../src/kernel/clock.js";
import type { Position, RecordedEvent, StoredEvent, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import type { Limits } from "../../src/kernel/limits.js";
import { visibleClaim } from "../claims.js";
import { JournalClosedError, JournalFormatError, JournalReadOnlyError } from "../errors.js";
import type {
  Claim,
  Commit,
  Journal,
  JournalFigures,
  ListedClaim,
  ListedStream,
  ListOptions,
  Page,
  PageOptions,
  Snapshot,
  SnapshotCriteria,
  StreamReadOptions,
} from "../journal.js";
import { checkListOptions } from "../listing.js";
import { GroupRecorder } from "../group-figures.js";
import { checkPageOptions, checkStreamReadOptions } from "../read-options.js";
import { diskBytesOf } from "./disk-bytes.js";
import { eventCountOf } from "../record.js";
import { STATE_FORMAT } from "./index-rows.js";
import type { IndexStore } from "./index-store.js";
import { JournalIndex } from "./journal-index.js";
import type { LogFile } from "./log-file.js";
import { LogReader } from "./log-reader.js";
import { loggedRecordsOf } from "./log-row.js";

const POLL_MS = 50;
/** Beyond this the tail is begun anew from what the owner has indexed meanwhile. */
const TAIL_COMMITS_MAX = 65_536;

export interface JournalReaderParts {
  readonly directory: string;
  readonly storeId: string;
  readonly log: LogFile;
  readonly store: IndexStore;
  readonly clock: Clock;
  readonly limits: Limits;
}

export class JournalReader implements Journal {
  readonly storeId: string;
  readonly #parts: JournalReaderParts;
  readonly #index: JournalIndex;
  readonly #reader: LogReader;
  readonly #listeners = new Set<() => void>();
  #seenTo: Position = 0;
  /** What the owner's index reflected when the tail began. */
  #begunAt: Position = 0;
  #timer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** @throws JournalFormatError - The owner hasn't built an index that this version can read. */
  constructor(parts: JournalReaderParts) {
    this.#parts = parts;
    this.storeId = parts.storeId;
    this.#index = new JournalIndex(parts.storeId, parts.store);
    const { storeId, log, limits } = parts;
    this.#reader = new LogReader(storeId, log, this.#index, limits, () => this.#assertOpen());
    this.#begin();
    this.#refresh();
  }

  /** Starts the tail where the owner's index ends. */
  #begin(): void {
    const { store, storeId, directory, log } = this.#parts;
    const state = store.state();
    if (
      state === undefined
        ? log.head() > 0
        : state.format !== STATE_FORMAT || state.storeId !== storeId
    ) {
      throw new JournalFormatError(
        directory,
        'its index (folder "state") isn\'t one this version can read; open it once for writing',
      );
    }
    store.kinds.load();
    this.#index.reset();
    this.#begunAt = state?.indexedTo ?? 0;
    this.#seenTo = this.#begunAt;
  }

  #indexedTo(): Position {
    return this.#parts.store.state()?.indexedTo ?? 0;
  }

  #refresh(): void {
    this.#assertOpen();
    const { log, store } = this.#parts;
    log.refresh();
    store.refresh();
    if (this.#index.growing().commitCount > TAIL_COMMITS_MAX && this.#indexedTo() > this.#begunAt)
      this.#begin();
    // What the tail lacks; the index may meanwhile reflect more than the tail began with, which does no harm.
    for (const row of log.rowsFrom(this.#seenTo + 1, log.head())) {
      for (const logged of loggedRecordsOf(row)) {
        const lastPosition = logged.record.position + eventCountOf(logged.record) - 1;
        if (lastPosition <= this.#seenTo) continue;
        this.#index.add(logged);
        this.#seenTo = lastPosition;
      }
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new JournalClosedError();
  }

  head(): Position {
    this.#refresh();
    return this.#seenTo;
  }

  inFlightBytes(): number {
    return 0;
  }

  enqueue(): Commit {
    throw new JournalReadOnlyError();
  }

  append(): Promise<Commit> {
    return Promise.reject(new JournalReadOnlyError());
  }

  joinCommand(): Commit | undefined {
    throw new JournalReadOnlyError();
  }

  whenDurable(done: (failure: Error | undefined) => void): void {
    done(undefined);
  }

  streamVersion(streamId: StreamId): Version {
    this.#refresh();
    return this.#index.streamVersion(streamId);
  }

  readStream(streamId: StreamId, options: StreamReadOptions = {}): Iterable<RecordedEvent> {
    this.#refresh();
    checkStreamReadOptions(streamId, options);
    return this.#reader.stream(streamId, options);
  }

  replayStream(
    streamId: StreamId,
    options: StreamReadOptions = {},
  ): Iterable<readonly StoredEvent[]> {
    this.#refresh();
    checkStreamReadOptions(streamId, options);
    return this.#reader.replay(streamId, options);
  }

  readPage(options: PageOptions): Page {
    this.#refresh();
    checkPageOptions(options);
    return this.#reader.page(options, this.#seenTo);
  }

  eventTypes(streamType: string): readonly string[] {
    this.#refresh();
    return this.#index.eventTypes(streamType);
  }

  findCommand(commandId: string): Commit | undefined {
    this.#refresh();
    return this.#reader.command(commandId, this.#parts.log.last()?.recordedAtMs ?? 0);
  }

  findClaim(name: string, key: string): Claim | undefined {
    this.#refresh();
    return visibleClaim(this.#index.claim(name, key), this.#parts.clock.nowMs());
  }

  listStreams(options: ListOptions): readonly ListedStream[] {
    this.#refresh();
    checkListOptions(options);
    return this.#index.listStreams(options);
  }

  listClaims(options: ListOptions): readonly ListedClaim[] {
    this.#refresh();
    checkListOptions(options);
    return this.#index.listClaims(options, this.#parts.clock.nowMs());
  }

  /** Another process can't wake us: the log's head is looked at every 50 ms while anybody listens. */
  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#pollLater();
    return () => this.#listeners.delete(listener);
  }

  #pollLater(): void {
    if (this.#timer !== undefined || this.#listeners.size === 0 || this.#closing !== undefined)
      return;
    this.#timer = this.#parts.clock.setTimer(POLL_MS, () => {
      this.#timer = undefined;
      const before = this.#seenTo;
      if (this.#closing === undefined && this.head() > before)
        for (const listener of this.#listeners) listener();
      this.#pollLater();
    });
  }

  saveSnapshot(): Promise<void> {
    return Promise.reject(new JournalReadOnlyError());
  }

  findSnapshot(streamId: StreamId, criteria: SnapshotCriteria = {}): Snapshot | undefined {
    this.#refresh();
    return this.#parts.store.snapshots.find(streamId, criteria);
  }

  deleteSnapshots(): Promise<void> {
    return Promise.reject(new JournalReadOnlyError());
  }

  figures(): JournalFigures {
    const head = this.head();
    const indexedTo = this.#indexedTo();
    return {
      head,
      failure: undefined,
      inFlightBytes: 0,
      ...new GroupRecorder().figures(),
      indexedTo,
      commandIds: this.#index.commandIds(),
      diskBytes: diskBytesOf(this.#parts.directory),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#timer?.cancel();
    this.#listeners.clear();
    await this.#parts.store.close();
    await this.#parts.log.close();
  }
}
