/** Many puts in transactions of a bounded size, one after the other, each begun only when the one before is on disk. */
import { written, type Environment, type Table } from "./environment.js";

type Key = Parameters<Table["put"]>[0];

/** Operations handed to lmdb at once. Larger batches cost less in all, and hold up the log's syncs for longer. */
const BATCH_OPERATIONS = 256;
/** Calls of `rest` between two pauses. */
const CALLS_A_TURN = 64;

export class WriteBatches {
  readonly #environment: Environment;
  readonly #pause: () => Promise<void>;
  #operations: (() => unknown)[] = [];
  #calls = 0;

  constructor(environment: Environment, pause: () => Promise<void>) {
    this.#environment = environment;
    this.#pause = pause;
  }

  put(table: Table, key: Key, bytes: Uint8Array): void {
    this.#operations.push(() => table.put(key, bytes));
  }

  remove(table: Table, key: Key): void {
    this.#operations.push(() => table.remove(key));
  }

  /** To be awaited often: writes when enough has come together, and lets others have their turn. */
  rest(): Promise<void> | undefined {
    if (this.#operations.length >= BATCH_OPERATIONS) return this.written();
    this.#calls += 1;
    return this.#calls % CALLS_A_TURN === 0 ? this.#pause() : undefined;
  }

  /** Everything put so far is on disk. */
  async written(): Promise<void> {
    const operations = this.#operations;
    if (operations.length === 0) return;
    this.#operations = [];
    // Everything is encoded: nothing in here can throw, and a throw would commit half of the batch (facts A1).
    await written(
      this.#environment.batch(() => {
        for (const run of operations) run();
      }),
    );
  }
}
