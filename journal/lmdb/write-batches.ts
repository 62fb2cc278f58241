/**
 * Many puts in transactions of a bounded size, one after the other. While one is on its way to the disk the next is gathered,
 * and handed over only when the one before is there.
 */
import { written, type Environment, type Table } from "./environment.js";

type Key = Parameters<Table["put"]>[0];

/** How much is done before others have their turn. */
interface Pace {
  /** Operations handed to lmdb at once. Larger batches cost less in all, and hold up the log's syncs for longer. */
  readonly batchOperations: number;
  /** Calls of `rest` between two pauses. */
  readonly callsATurn: number;
}

const GENTLE: Pace = { batchOperations: 256, callsATurn: 64 };
/** When others would soon have to wait for us, and their turns are long. */
const URGENT: Pace = { batchOperations: 2_048, callsATurn: 512 };

/** Where many puts take their breath. */
export interface Breather {
  /** Lets others have their turn. */
  pause(): Promise<void>;
  isUrgent(): boolean;
}

export class WriteBatches {
  readonly #environment: Environment;
  readonly #breather: Breather;
  #operations: (() => unknown)[] = [];
  #onItsWay: Promise<unknown> = Promise.resolve();
  #calls = 0;

  constructor(environment: Environment, breather: Breather) {
    this.#environment = environment;
    this.#breather = breather;
  }

  put(table: Table, key: Key, bytes: Uint8Array): void {
    this.#operations.push(() => table.put(key, bytes));
  }

  remove(table: Table, key: Key): void {
    this.#operations.push(() => table.remove(key));
  }

  /** To be awaited often: writes when enough has come together, and lets others have their turn. */
  rest(): Promise<void> | undefined {
    const pace = this.#breather.isUrgent() ? URGENT : GENTLE;
    if (this.#operations.length >= pace.batchOperations) return this.#handOver();
    this.#calls += 1;
    return this.#calls % pace.callsATurn === 0 ? this.#breather.pause() : undefined;
  }

  /** Everything put so far is on disk. */
  async written(): Promise<void> {
    await this.#handOver();
    await this.#onItsWay;
  }

  async #handOver(): Promise<void> {
    const operations = this.#operations;
    this.#operations = [];
    await this.#onItsWay;
    if (operations.length === 0) return;
    // Everything is encoded: nothing in here can throw, and a throw would commit half of the batch (facts A1).
    this.#onItsWay = written(
      this.#environment.batch(() => {
        for (const run of operations) run();
      }),
    );
    // Whoever awaits it next hears of a failure; until then it isn't unhandled.
    this.#onItsWay.catch(() => undefined);
  }
}
