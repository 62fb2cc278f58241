/**
 * The port to a database of the user's, in which an external projection keeps its rows and its checkpoint. Both change in one
 * transaction of that database, so each event counts there once, whatever dies in between.
 */
import { TidemarkError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";

/** Whose fault an error of the database is; see {@link ExternalDatabase.blame}. */
export type Blame = "event" | "database" | undefined;

/**
 * What an external projection needs of a database. Checkpoints have names of at most some 600 bytes: `name@version` for a
 * projection, and `name@version/key` for parked events of a key that were replayed. Calls for one name come one at a time;
 * those for several may come together. Each promise must settle, also when the network is gone: give the driver timeouts.
 */
export interface ExternalDatabase<Transaction> {
  /** The position stored under this name; 0 where there is none. */
  checkpoint(name: string): Promise<Position>;

  /**
   * Runs `write` in a new transaction that also moves the checkpoint from `from` to `to`, and commits: both or nothing.
   * Resolves once it is as durable as the database makes it. Move the checkpoint first, with a lock on its row, so that
   * a second writer waits instead of working in vain. `from` may equal `to`: nothing moves then, but it still waits for a
   * transaction with this checkpoint that is on its way.
   *
   * A rejection of `write` rolls everything back and rejects this call. From then on the transaction given to it must
   * refuse all work: a handler that was given up may still be running.
   * `write` may be called again in another transaction, once the one before is rolled back for certain.
   *
   * @throws CheckpointMovedError - The stored checkpoint isn't `from`. Nothing was written.
   */
  transaction(
    name: string,
    from: Position,
    to: Position,
    write: (transaction: Transaction) => Promise<void>,
  ): Promise<void>;

  /**
   * Whose fault an error is that a statement or a commit met: `"event"` for one that says that what was written can't
   * stand (a violated constraint, a value out of range); `"database"` for one that says nothing about it (connection lost,
   * shutting down, disk full, deadlock, serialization failure); undefined where it can't tell. Must not throw.
   */
  blame(error: unknown): Blame;
}

/**
 * The checkpoint in the database isn't where the writer left it: somebody else moved it, or an earlier transaction was committed
 * although it was reported as failed. Nothing was written; the projection goes on behind the stored position where
 * that is further on. Where it is further back (the database was restored), open the runtime again.
 */
export class CheckpointMovedError extends TidemarkError {
  readonly code = "checkpoint-moved";
  readonly retryable = true;

  constructor(
    readonly checkpoint: string,
    readonly expected: Position,
    readonly stored: Position,
  ) {
    super(
      `checkpoint ${checkpoint} is at position ${stored}, not at ${expected}: somebody moved it`,
    );
  }
}

/**
 * The checkpoint in the database is beyond the end of the log, so it belongs to another log, or this one was restored from an
 * older backup. Nothing is written until that is mended: raise the projection's version, or restore the database.
 */
export class CheckpointBeyondLogError extends TidemarkError {
  readonly code = "checkpoint-beyond-log";
  readonly retryable = false;

  constructor(
    readonly checkpoint: string,
    readonly stored: Position,
    readonly head: Position,
  ) {
    super(
      `checkpoint ${checkpoint} is at position ${stored}, but the log ends at ${head}: the database belongs to another log, or the log was restored from an older backup; raise the projection's version, or restore the database`,
    );
  }
}

/** A handler, or the database when asked for its checkpoint, took longer than allowed. It is tried again. */
export class ExternalTimeoutError extends TidemarkError {
  readonly code = "external-timeout";
  readonly retryable = true;

  constructor(
    readonly subject: string,
    readonly timeoutMs: number,
  ) {
    super(`${subject} took longer than ${timeoutMs} ms`);
  }
}
