/** Reading a view: documents as of a position, with a way to wait for one's own write. */
import type { ViewStore } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { checkInteger } from "../kernel/check.js";
import type { Projection } from "./projection.js";

/** How far a view has come, and a wait for it to come further. */
export interface Progress {
  position(): Position;
  reached(position: Position, timeoutMs: number): Promise<void>;
}

export interface ReadOptions {
  /** Waits until the view reflects this position: give the one that a command was answered with. */
  readonly atLeast?: Position;
  /** How long to wait for it; defaults to 5 s. */
  readonly timeoutMs?: number;
}

export interface ListOptions extends ReadOptions {
  /** First id, inclusive. */
  readonly from?: string;
  /** Documents at the most. */
  readonly limit?: number;
}

const TIMEOUT_MS = 5_000;

export class View<Document> {
  readonly #projection: Projection<Document>;
  readonly #views: ViewStore;
  readonly #progress: Progress;

  constructor(projection: Projection<Document>, views: ViewStore, progress: Progress) {
    this.#projection = projection;
    this.#views = views;
    this.#progress = progress;
  }

  /** Position up to which the log is reflected. */
  position(): Position {
    return this.#progress.position();
  }

  /**
   * One document; undefined where there is none. A copy.
   *
   * @throws SubscriptionTimeoutError - The view didn't reach `atLeast` in time.
   * @throws SubscriptionStoppedError - The projection stopped before `atLeast`, since its handler keeps failing.
   */
  async get(id: string, options: ReadOptions = {}): Promise<Document | undefined> {
    checkId("document id", id);
    await this.#waitFor(options);
    return this.#views.get(this.#projection, id) as Document | undefined;
  }

  /** Documents with their ids, in order of id. Throws what {@link View.get} throws. */
  async list(
    options: ListOptions = {},
  ): Promise<readonly (readonly [id: string, document: Document])[]> {
    const { from, limit } = options;
    if (from !== undefined) checkId("from", from);
    if (limit !== undefined) checkInteger("limit", limit, 0, Number.MAX_SAFE_INTEGER);
    await this.#waitFor(options);
    const range = {
      ...(from === undefined ? {} : { from }),
      ...(limit === undefined ? {} : { limit }),
    };
    return [...this.#views.list(this.#projection, range)] as (readonly [string, Document])[];
  }

  /** How many documents there are. Throws what {@link View.get} throws. */
  async count(options: ReadOptions = {}): Promise<number> {
    await this.#waitFor(options);
    return this.#views.count(this.#projection);
  }

  async #waitFor({ atLeast, timeoutMs = TIMEOUT_MS }: ReadOptions): Promise<void> {
    if (atLeast === undefined) return;
    checkInteger("atLeast", atLeast, 0, Number.MAX_SAFE_INTEGER);
    checkInteger("timeoutMs", timeoutMs, 0, 2 ** 31 - 1);
    await this.#progress.reached(atLeast, timeoutMs);
  }
}
