/**
 * Group commit: one group on its way to the disk, the next one forming meanwhile. So groups grow with the load and the
 * latency stays near two syncs; and nothing can be committed on top of a group that failed.
 *
 * ```
 * commands   a b c      d e f g h     i
 * disk          [a b c ][d e f g h   ][i ]
 * ```
 */
import type { Clock } from "../../src/kernel/clock.js";
import { AppendOutcomeUnknownError, JournalPoisonedError, WriterFencedError } from "../errors.js";
import { GroupRecorder } from "../group-figures.js";
import type { Commit, CommitSink } from "../journal.js";
import type { CommitRecord } from "../record.js";
import type { RowEntry } from "./log-row.js";
import { OverlapEstimate } from "./overlap.js";

/** A commit on its way. */
export interface PendingCommit extends RowEntry {
  readonly record: CommitRecord;
  readonly commit: Commit;
  readonly sink: CommitSink;
  /** Further callers with the same command id. */
  joined: CommitSink[] | undefined;
}

/** With fewer queued a group waits for the end of the turn, even when the disk is idle: two small syncs cost more than one. */
const EAGER_COMMITS_MIN = 96;
const GROUP_COMMITS_MAX = 8_192;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;

export interface GroupCommitOptions {
  readonly clock: Clock;
  readonly directory: string;
  /** Writes a group; false where another writer was there first. */
  readonly write: (group: readonly PendingCommit[]) => Promise<boolean>;
  /** The group is on disk; called before any sink is told. */
  readonly onDurable: (group: readonly PendingCommit[]) => void;
  /** The group's sinks were told. */
  readonly onAnswered: () => void;
  /** Whether the next group must wait, because indexing lags. */
  readonly mustWait: () => boolean;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #queue: PendingCommit[] = [];
  #queuedBytes = 0;
  #writingBytes = 0;
  #writing: readonly PendingCommit[] | undefined;
  #scheduled = false;
  #eagerCommits = EAGER_COMMITS_MIN;
  readonly #overlap = new OverlapEstimate();
  #pushed = 0;
  #failure: Error | undefined;
  #idleWaiters: (() => void)[] = [];
  readonly groups = new GroupRecorder();

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  inFlightBytes(): number {
    return this.#queuedBytes + this.#writingBytes;
  }

  /** What the first failed commit failed with; then nothing more is written. */
  failure(): Error | undefined {
    return this.#failure;
  }

  push(pending: PendingCommit): void {
    this.#queue.push(pending);
    this.#queuedBytes += pending.bytes.length;
    this.#pushed += 1;
    if (this.#queue.length < this.#eagerCommits || !this.#overlap.pays(this.#queue.length * 2))
      this.pump();
    else this.#start();
  }

  /** Tells `sink` what becomes of the last commit pushed; false where nothing is on its way. */
  joinLast(sink: CommitSink): boolean {
    const last = this.#queue[this.#queue.length - 1] ?? this.#writing?.[this.#writing.length - 1];
    if (last === undefined) return false;
    (last.joined ??= []).push(sink);
    return true;
  }

  #mayWrite(): boolean {
    return this.#writing === undefined && this.#queue.length > 0 && !this.#options.mustWait();
  }

  /** Starts the next group on a later turn, so that everything this turn brings is in it. */
  pump(): void {
    if (this.#scheduled || !this.#mayWrite()) return;
    this.#scheduled = true;
    this.#options.clock.defer(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  /** Resolves once nothing is queued or on its way. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #isIdle(): boolean {
    return this.#queue.length === 0 && this.#writing === undefined;
  }

  /** Fails everything queued, and everything to come: nothing of it was written. */
  poison(cause: Error): void {
    this.#failure ??= cause;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const pending of queue) failPending(pending, new JournalPoisonedError({ cause }));
    this.#tellIdle();
  }

  #start(): void {
    // Started eagerly meanwhile, or poisoned.
    if (this.#failure !== undefined || !this.#mayWrite()) return;
    const group = this.#takeGroup();
    this.#writing = group;
    const startedAtMs = this.#options.clock.monotonicMs();
    this.#options.write(group).then(
      (written) => {
        const tookMs = this.#options.clock.monotonicMs() - startedAtMs;
        this.#overlap.synced(tookMs);
        this.groups.synced(tookMs);
        this.#onWritten(group, written);
      },
      (cause: unknown) => this.#onWriteFailed(group, cause),
    );
  }

  #onWritten(group: readonly PendingCommit[], written: boolean): void {
    this.#writing = undefined;
    this.#writingBytes = 0;
    if (written) {
      this.#options.onDurable(group);
      // Half of what is in flight now: so one half is on its way to the disk while the other is being worked on.
      this.#eagerCommits = Math.max(EAGER_COMMITS_MIN, (group.length + this.#queue.length) >>> 1);
      // The disk first, where it pays: it works while the answers below are given.
      if (this.#overlap.pays(group.length + this.#queue.length)) this.#start();
      this.#measureWork();
      this.#answer(group);
    } else {
      this.#fail(
        group,
        () => new WriterFencedError(this.#options.directory, first(group).position),
      );
    }
    this.#tellIdle();
    this.pump();
  }

  /** From here to the end of the turn: the answers, and what their receivers send next. */
  #measureWork(): void {
    const { clock } = this.#options;
    const startedAtMs = clock.monotonicMs();
    this.#pushed = 0;
    clock.defer(() => this.#overlap.worked(clock.monotonicMs() - startedAtMs, this.#pushed));
  }

  #onWriteFailed(group: readonly PendingCommit[], cause: unknown): void {
    this.#writing = undefined;
    this.#writingBytes = 0;
    this.#fail(
      group,
      (pending) => new AppendOutcomeUnknownError(streamOf(pending), pending.position, { cause }),
    );
    this.#tellIdle();
  }

  #takeGroup(): PendingCommit[] {
    let bytes = 0;
    let count = 0;
    for (const pending of this.#queue) {
      if (
        count === GROUP_COMMITS_MAX ||
        (count > 0 && bytes + pending.bytes.length > GROUP_BYTES_MAX)
      )
        break;
      bytes += pending.bytes.length;
      count += 1;
    }
    const whole = count === this.#queue.length;
    const group = whole ? this.#queue : this.#queue.slice(0, count);
    this.#queue = whole ? [] : this.#queue.slice(count);
    this.#queuedBytes -= bytes;
    this.#writingBytes = bytes;
    return group;
  }

  #answer(group: readonly PendingCommit[]): void {
    this.groups.wrote(group.length);
    for (const pending of group) {
      pending.sink.committed(pending.commit);
      if (pending.joined !== undefined)
        for (const sink of pending.joined) sink.committed({ ...pending.commit, duplicate: true });
    }
    this.#options.onAnswered();
  }

  /**
   * The first failure ends the journal's writing. Of the group on its way the outcome may be unknown; of everything
   * queued behind it we know that it was never handed to the store.
   */
  #fail(group: readonly PendingCommit[], errorOf: (pending: PendingCommit) => Error): void {
    const cause = errorOf(first(group));
    this.#failure = cause;
    for (const pending of group) failPending(pending, errorOf(pending));
    this.poison(cause);
  }

  #tellIdle(): void {
    if (!this.#isIdle()) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }
}

function first(group: readonly PendingCommit[]): PendingCommit {
  return group[0] as PendingCommit;
}

function streamOf(pending: PendingCommit): string {
  return pending.record.parts[0]?.streamId ?? "";
}

function failPending(pending: PendingCommit, error: Error): void {
  pending.sink.failed(error);
  if (pending.joined !== undefined) for (const sink of pending.joined) sink.failed(error);
}
