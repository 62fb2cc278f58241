/**
 * A user's database in memory: one table of accounts with everything that was applied to each, and checkpoints. Each runtime
 * has a session of its own, as it has a connection; a session can be cut or die at any point.
 */
import { CheckpointMovedError, type Blame, type ExternalDatabase } from "tidemark";

/** Positions applied to an account, in order. */
export type Row = readonly number[];

export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";
}

/** What a commit answers when what was written can't stand. */
export class ConstraintViolatedError extends Error {
  override readonly name = "ConstraintViolatedError";
}

/** Where a session may be interrupted. */
export type Point = "checkpoint" | "begin" | "write" | "commit" | "committed";
/** `lose`: the call is rejected. `die`: the whole session never answers again, as after a kill. */
export type Interruption = "lose" | "die" | undefined;

export interface TableTransaction {
  apply(id: string, position: number): Promise<void>;
}

export class TableServer {
  rows = new Map<string, Row>();
  readonly checkpoints = new Map<string, number>();
  /** Checked when a transaction commits, like a deferred constraint. */
  constraint: (rows: ReadonlyMap<string, Row>) => boolean = () => true;
  /** Transactions committed. */
  commits = 0;
  /** Ends when the row of the checkpoint is free. */
  #locks = new Map<string, Promise<unknown>>();

  /** One at a time for each checkpoint, as a lock on its row does it. */
  async locked<T>(name: string, run: () => Promise<T>): Promise<T> {
    const before = this.#locks.get(name) ?? Promise.resolve();
    const running = before.then(run);
    this.#locks.set(
      name,
      running.catch(() => undefined),
    );
    return running;
  }
}

export class TableSession implements ExternalDatabase<TableTransaction> {
  dead = false;
  readonly #server: TableServer;
  readonly #interrupt: (point: Point) => Interruption;

  constructor(server: TableServer, interrupt: (point: Point) => Interruption = () => undefined) {
    this.#server = server;
    this.#interrupt = interrupt;
  }

  async checkpoint(name: string): Promise<number> {
    await this.#reach("checkpoint");
    return this.#server.checkpoints.get(name) ?? 0;
  }

  transaction(
    name: string,
    from: number,
    to: number,
    write: (transaction: TableTransaction) => Promise<void>,
  ): Promise<void> {
    // The lock is the server's: it goes when the session dies, so only what is awaited here may hang.
    return this.#server
      .locked(name, () => this.#aliveOrGone(this.#run(name, from, to, write)))
      .then(() => this.#reach("committed"));
  }

  async #run(
    name: string,
    from: number,
    to: number,
    write: (transaction: TableTransaction) => Promise<void>,
  ): Promise<void> {
    await this.#reach("begin");
    const stored = this.#server.checkpoints.get(name) ?? 0;
    if (stored !== from) throw new CheckpointMovedError(name, from, stored);
    const changed = new Map<string, Row>();
    let ended = false;
    const transaction: TableTransaction = {
      apply: async (id, position) => {
        await this.#reach("write");
        if (ended) throw new Error("the transaction is over");
        changed.set(id, [...(changed.get(id) ?? this.#server.rows.get(id) ?? []), position]);
      },
    };
    try {
      await write(transaction);
    } finally {
      ended = true;
    }
    await this.#reach("commit");
    const rows = new Map([...this.#server.rows, ...changed]);
    // Its lock is gone with it.
    if (this.dead) return;
    if (!this.#server.constraint(rows)) throw new ConstraintViolatedError("the rows can't stand");
    this.#server.rows = rows;
    this.#server.checkpoints.set(name, to);
    this.#server.commits += 1;
  }

  blame(error: unknown): Blame {
    if (error instanceof ConnectionLostError) return "database";
    return error instanceof ConstraintViolatedError ? "event" : undefined;
  }

  #tellGone: () => void = () => undefined;
  readonly #gone = new Promise<void>((resolve) => (this.#tellGone = resolve));

  /** The server notices that a session is gone, and gives its locks back. */
  async #aliveOrGone(running: Promise<void>): Promise<void> {
    await Promise.race([running, this.#gone]);
  }

  async #reach(point: Point): Promise<void> {
    const interruption = this.dead ? "die" : this.#interrupt(point);
    if (interruption === "lose") throw new ConnectionLostError(`lost at ${point}`);
    if (interruption !== "die") return;
    this.kill();
    await new Promise(() => undefined);
  }

  /** Nothing that is called from here on, or is on its way, is ever answered. */
  kill(): void {
    this.dead = true;
    this.#tellGone();
  }
}
