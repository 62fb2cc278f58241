/**
 * The indexer writes the tail of the index out behind the acknowledgement, when enough has come together, and knows at open
 * what is missing. The tail is bounded: when it is full, commits wait for the indexer (`mustWait`).
 */
import { asError } from "../../src/kernel/errors.js";
import type { Clock, Timer } from "../../src/kernel/clock.js";
import type { Logger } from "../../src/kernel/log.js";
import type { Position } from "../../src/kernel/event.js";
import type { Limits } from "../../src/kernel/limits.js";
import { CommandPruner } from "./command-pruner.js";
import { STATE_FORMAT, type StateRow } from "./index-rows.js";
import type { IndexStore } from "./index-store.js";
import { IndexTail } from "./index-tail.js";
import type { Breather } from "./write-batches.js";
import type { JournalIndex } from "./journal-index.js";
import type { LogFile } from "./log-file.js";
import { loggedRecordsOf, rowPositionOf } from "./log-row.js";

/** Fewer and larger writes: each changes the rows of every stream that it touches once. */
const WRITE_AT_COMMITS = 65_536;
const WRITE_AT_BYTES = 32 * 1024 * 1024;
const WRITE_AFTER_MS = 5_000;
const TAIL_COMMITS_MAX = 196_608;
const TAIL_BYTES_MAX = 128 * 1024 * 1024;
const URGENT_FULLNESS = 0.5;

export interface IndexerOptions {
  readonly storeId: string;
  readonly log: LogFile;
  readonly store: IndexStore;
  readonly index: JournalIndex;
  readonly limits: Pick<Limits, "commandIdsKeptMs">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A tail was written: commits that waited may go on. */
  readonly onWritten: () => void;
  /** The index can't be written: the journal must take no more, or its memory would grow for ever. */
  readonly onFailed: (cause: Error) => void;
}

export class Indexer {
  readonly #options: IndexerOptions;
  readonly #pruner: CommandPruner;
  #indexedTo: Position = 0;
  #writing: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failed = false;

  constructor(options: IndexerOptions) {
    this.#options = options;
    const { log, store, limits } = options;
    this.#pruner = new CommandPruner(log, store, limits.commandIdsKeptMs);
  }

  readonly #breather: Breather = {
    pause: () => new Promise((resolve) => this.#options.clock.defer(resolve)),
    isUrgent: () => this.#fullness() > URGENT_FULLNESS,
  };

  indexedTo(): Position {
    return this.#indexedTo;
  }

  /** Of the tail in memory: from 0 to 1, where commits wait. */
  #fullness(): number {
    const { index } = this.#options;
    return Math.max(
      index.unindexedCommits() / TAIL_COMMITS_MAX,
      index.unindexedBytes() / TAIL_BYTES_MAX,
    );
  }

  mustWait(): boolean {
    return this.#fullness() >= 1;
  }

  /**
   * Brings the index up to the log: checks that what is persisted reflects this very log, builds it anew where it
   * doesn't, and adds what the log has beyond.
   */
  async recover(): Promise<void> {
    const { store, log, index, logger } = this.#options;
    const problem = indexProblem(store, this.#options.storeId, log);
    if (problem !== undefined) {
      if (log.head() > 0)
        logger.warn({ problem, head: log.head() }, "the index is built anew from the log");
      await store.clear();
      // A reader beside us must be able to tell an index that has just begun from one that it can't read.
      const nothing = new IndexTail(this.#options.storeId);
      await store.write(nothing, this.#stateAfter(nothing), this.#breather);
    }
    this.#indexedTo = problem === undefined ? (store.state()?.indexedTo ?? 0) : 0;
    for (const row of log.rowsFrom(this.#indexedTo + 1, log.head())) {
      for (const logged of loggedRecordsOf(row)) index.add(logged);
      // Only between two rows: the index notes the row that it ends with.
      if (this.#isWriteDue()) await this.#write();
    }
    // A small rest stays in memory: opening after a kill costs no write.
    this.#scheduleWrite();
  }

  /** To be called after commits were added to the index. */
  onAdded(): void {
    if (this.#writing !== undefined || this.#failed) return;
    if (this.#isWriteDue()) void this.#write();
    else this.#scheduleWrite();
  }

  #isWriteDue(): boolean {
    const { commitCount, byteCount } = this.#options.index.growing();
    return commitCount >= WRITE_AT_COMMITS || byteCount >= WRITE_AT_BYTES;
  }

  #scheduleWrite(): void {
    if (this.#timer !== undefined || this.#options.index.growing().commitCount === 0) return;
    this.#timer = this.#options.clock.setTimer(WRITE_AFTER_MS, () => {
      this.#timer = undefined;
      if (this.#writing === undefined && !this.#failed) void this.#write();
    });
  }

  /** Writes all that is in memory and stops. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    while (
      !this.#failed &&
      (this.#writing !== undefined || this.#options.index.growing().commitCount > 0)
    ) {
      await (this.#writing ?? this.#write());
    }
    this.#timer?.cancel();
  }

  /** Stops without writing what is in memory: the next opening takes it from the log. */
  async abandon(): Promise<void> {
    this.#failed = true;
    this.#timer?.cancel();
    await this.#writing;
  }

  #write(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#writing = this.#writeTail().finally(() => {
      this.#writing = undefined;
      this.onAdded();
    });
    return this.#writing;
  }

  async #writeTail(): Promise<void> {
    const { store, index } = this.#options;
    const tail = index.beginWrite();
    if (tail.commitCount === 0) return;
    try {
      await store.write(tail, this.#stateAfter(tail), this.#breather);
      await this.#pruner.prune(tail.lastPosition, this.#breather);
    } catch (error) {
      // The tail stays frozen in memory, so reads go on; writing must end.
      this.#failed = true;
      this.#options.onFailed(asError(error));
      return;
    }
    index.endWrite();
    this.#indexedTo = tail.lastPosition;
    this.#options.onWritten();
  }

  #stateAfter(tail: IndexTail): StateRow {
    return {
      format: STATE_FORMAT,
      storeId: this.#options.storeId,
      indexedTo: tail.lastPosition,
      rowPosition: rowPositionOf(tail.lastAddress),
      rowSeal: this.#options.log.sealAt(rowPositionOf(tail.lastAddress)) ?? 0,
    };
  }
}

/** Why the persisted index can't be used; undefined where it can. */
export function indexProblem(store: IndexStore, storeId: string, log: LogFile): string | undefined {
  const state = store.state();
  // Rows of a write that was interrupted must be of this log, too.
  return (
    stateProblem(state, storeId, log) ?? stateProblem(store.stateUnderWay() ?? state, storeId, log)
  );
}

function stateProblem(
  state: StateRow | undefined,
  storeId: string,
  log: LogFile,
): string | undefined {
  const head = log.head();
  if (state === undefined) return "it is missing or damaged";
  if (state.format !== STATE_FORMAT)
    return `its format is ${state.format}, this version writes ${STATE_FORMAT}`;
  if (state.storeId !== storeId) return `it belongs to store ${state.storeId}`;
  if (state.indexedTo > head)
    return `it knows position ${state.indexedTo}, the log ends at ${head}`;
  if (state.indexedTo > 0 && log.sealAt(state.rowPosition) !== state.rowSeal)
    return "it reflects another log";
  return undefined;
}
