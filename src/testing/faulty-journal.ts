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
} from "../../journal/index.js";

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
  readonly retryable = false;

  constructor(readonly fault: Fault) {
    super(`injected: ${fault.operation} ${fault.nth ?? 1}, ${fault.when ?? "before"} writing`);
  }
}

/**
 * Wraps a journal. As with a real one, a failed append poisons it: later appends are refused with JournalPoisonedError,
 * until the store is opened again.
 */
export function faultyJournal(journal: Journal, faults: readonly Fault[]): Journal {
  const counts = new Map<Fault, number>();
  let poisonedBy: Error | undefined;

  function hit(operation: Fault["operation"], streamIds: readonly string[]): Fault | undefined {
    let due: Fault | undefined;
    for (const fault of faults) {
      if (fault.operation !== operation) continue;
      if (fault.streamId !== undefined && !streamIds.includes(fault.streamId)) continue;
      const count = (counts.get(fault) ?? 0) + 1;
      counts.set(fault, count);
      if (count === (fault.nth ?? 1)) due ??= fault;
    }
    return due;
  }

  function enqueue(request: AppendRequest, sink: CommitSink): Commit {
    if (poisonedBy !== undefined) throw new JournalPoisonedError({ cause: poisonedBy });
    const fault = hit(
      "append",
      request.streams.map(({ streamId }) => streamId),
    );
    if (fault === undefined) return journal.enqueue(request, sink);
    const cause = new InjectedFaultError(fault);
    poisonedBy = cause;
    if (fault.when !== "after") throw new JournalPoisonedError({ cause });
    return journal.enqueue(request, {
      committed: (commit) => {
        const streamId = commit.events[0]?.streamId ?? "";
        sink.failed(new AppendOutcomeUnknownError(streamId, commit.position, { cause }));
      },
      failed: (error) => sink.failed(error),
    });
  }

  function throwIfHit(operation: Fault["operation"], streamId?: string): void {
    const fault = hit(operation, streamId === undefined ? [] : [streamId]);
    if (fault !== undefined) throw new InjectedFaultError(fault);
  }

  const overrides: Partial<Journal> = {
    enqueue,
    append: (request) =>
      new Promise((committed, failed) => void enqueue(request, { committed, failed })),
    readStream(streamId, options) {
      throwIfHit("readStream", streamId);
      return journal.readStream(streamId, options);
    },
    readPage(options) {
      throwIfHit("readPage");
      return journal.readPage(options);
    },
    findSnapshot(streamId, criteria) {
      throwIfHit("findSnapshot", streamId);
      return journal.findSnapshot(streamId, criteria);
    },
    async saveSnapshot(snapshot) {
      const fault = hit("saveSnapshot", [snapshot.streamId]);
      if (fault === undefined || fault.when === "after") await journal.saveSnapshot(snapshot);
      if (fault !== undefined) throw new InjectedFaultError(fault);
    },
  };
  return withOverrides(journal, overrides);
}

/** The journal with some methods replaced; the others are called on the journal itself. */
function withOverrides(journal: Journal, overrides: Partial<Journal>): Journal {
  return new Proxy(journal, {
    get(target, name) {
      const own: unknown = Reflect.get(name in overrides ? overrides : target, name);
      return typeof own === "function"
        ? (own.bind(name in overrides ? overrides : target) as unknown)
        : own;
    },
  });
}
