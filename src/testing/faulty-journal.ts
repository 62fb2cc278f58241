/**
 * A journal whose operations fail when told to: before anything was written, or after it was written but without anybody
 * being told. What the runtime does then can be tested without a broken disk.
 */
import {
  AppendOutcomeUnknownError,
  JournalError,
  JournalPoisonedError,
  type AppendRequest,
  type Commit,
  type CommitSink,
  type Journal,
  type JournalFigures,
  type Page,
  type PageOptions,
  type Snapshot,
  type SnapshotCriteria,
  type StreamReadOptions,
} from "../../journal/index.js";
import type { RecordedEvent, StoredEvent } from "../kernel/event.js";

/** Fails the `nth` operation that matches, and nothing else. */
export interface Fault {
  readonly operation: "append" | "readStream" | "readPage" | "findSnapshot" | "saveSnapshot";
  /** Counted from 1 among the operations that match; defaults to 1. */
  readonly nth?: number;
  /** Of an append: only those that touch this stream. Of others: only those on this stream. */
  readonly streamId?: string;
  /**
   * `"before"`: nothing was written. `"after"`: it was written, and yet reported as failed. Only appends and snapshots
   * know an "after". Defaults to `"before"`.
   */
  readonly when?: "before" | "after";
}

/** The failure that a {@link Fault} asked for. */
export class InjectedFaultError extends JournalError {
  readonly code = "injected-fault";
  /** What was only read, or only a snapshot, may be tried again. */
  readonly retryable: boolean;

  constructor(readonly fault: Fault) {
    super(`injected: ${fault.operation} ${fault.nth ?? 1}, ${fault.when ?? "before"} writing`);
    this.retryable = fault.operation !== "append";
  }
}

/**
 * Wraps a journal. As with a real one, a failed append poisons it: later appends and reads are refused with
 * JournalPoisonedError, until the store is opened again.
 */
export function faultyJournal(journal: Journal, faults: readonly Fault[]): Journal {
  const faulty = new FaultyOperations(journal, faults);
  // What isn't made faulty is called on the journal itself.
  return new Proxy(journal, {
    get(target, name) {
      if (REFUSED.has(name)) faulty.assertSound();
      const owner = name in faulty ? faulty : target;
      const member: unknown = Reflect.get(owner, name);
      return typeof member === "function" ? (member.bind(owner) as unknown) : member;
    },
  });
}

/** What a journal refuses after a write that failed, besides what is wrapped here anyway. */
const REFUSED: ReadonlySet<string | symbol> = new Set<keyof Journal>([
  "joinCommand",
  "streamVersion",
  "eventTypes",
  "findCommand",
  "findClaim",
  "listStreams",
  "listClaims",
  "deleteSnapshots",
]);

class FaultyOperations implements Pick<
  Journal,
  | "enqueue"
  | "append"
  | "readStream"
  | "replayStream"
  | "readPage"
  | "findSnapshot"
  | "saveSnapshot"
  | "figures"
> {
  readonly #journal: Journal;
  readonly #faults: readonly Fault[];
  readonly #counts = new Map<Fault, number>();
  #poisonedBy: Error | undefined;

  constructor(journal: Journal, faults: readonly Fault[]) {
    this.#journal = journal;
    this.#faults = faults;
  }

  #hit(operation: Fault["operation"], streamIds: readonly string[]): Fault | undefined {
    let due: Fault | undefined;
    for (const fault of this.#faults) {
      if (fault.operation !== operation) continue;
      if (fault.streamId !== undefined && !streamIds.includes(fault.streamId)) continue;
      const count = (this.#counts.get(fault) ?? 0) + 1;
      this.#counts.set(fault, count);
      if (count === (fault.nth ?? 1)) due ??= fault;
    }
    return due;
  }

  assertSound(): void {
    if (this.#poisonedBy !== undefined) throw new JournalPoisonedError({ cause: this.#poisonedBy });
  }

  #throwIfHit(operation: Fault["operation"], ...streamIds: readonly string[]): void {
    this.assertSound();
    const fault = this.#hit(operation, streamIds);
    if (fault !== undefined) throw new InjectedFaultError(fault);
  }

  enqueue(request: AppendRequest, sink: CommitSink): Commit {
    this.assertSound();
    const fault = this.#hit(
      "append",
      request.streams.map(({ streamId }) => streamId),
    );
    if (fault === undefined) return this.#journal.enqueue(request, sink);
    const cause = new InjectedFaultError(fault);
    this.#poisonedBy = cause;
    if (fault.when !== "after") throw new JournalPoisonedError({ cause });
    return this.#journal.enqueue(request, {
      committed: (commit) => {
        const streamId = commit.events[0]?.streamId ?? "";
        sink.failed(new AppendOutcomeUnknownError(streamId, commit.position, { cause }));
      },
      failed: (error) => sink.failed(error),
    });
  }

  append(request: AppendRequest): Promise<Commit> {
    return new Promise((committed, failed) => {
      this.enqueue(request, { committed, failed });
    });
  }

  readStream(streamId: string, options?: StreamReadOptions): Iterable<RecordedEvent> {
    this.#throwIfHit("readStream", streamId);
    return this.#journal.readStream(streamId, options);
  }

  replayStream(streamId: string, options?: StreamReadOptions): Iterable<readonly StoredEvent[]> {
    this.#throwIfHit("readStream", streamId);
    return this.#journal.replayStream(streamId, options);
  }

  readPage(options: PageOptions): Page {
    this.#throwIfHit("readPage");
    return this.#journal.readPage(options);
  }

  findSnapshot(streamId: string, criteria?: SnapshotCriteria): Snapshot | undefined {
    this.#throwIfHit("findSnapshot", streamId);
    return this.#journal.findSnapshot(streamId, criteria);
  }

  figures(): JournalFigures {
    return { ...this.#journal.figures(), failure: this.#poisonedBy };
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.assertSound();
    const fault = this.#hit("saveSnapshot", [snapshot.streamId]);
    if (fault === undefined || fault.when === "after") await this.#journal.saveSnapshot(snapshot);
    if (fault !== undefined) throw new InjectedFaultError(fault);
  }
}
