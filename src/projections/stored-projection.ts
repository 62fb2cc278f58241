/** A projection that another process keeps up to date: read beside it. */
import { SubscriptionTimeoutError, type Journal, type ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import { OperationRefusedError, ViewNotBuiltError } from "./errors.js";
import { checkpointOf, servingGeneration, storedLayoutOf } from "./generations.js";
import type { CollectionLayout } from "./layout.js";
import type { AnyProjection } from "./projection.js";
import type { ViewSource } from "./view-source.js";

const POLL_MS = 50;

export class StoredProjection implements ViewSource {
  readonly #definition: AnyProjection;
  readonly #store: ViewStore;
  readonly #journal: Journal;
  readonly clock: Clock;

  constructor(definition: AnyProjection, store: ViewStore, journal: Journal, clock: Clock) {
    this.#definition = definition;
    this.#store = store;
    this.#journal = journal;
    this.clock = clock;
  }

  get name(): string {
    return this.#definition.name;
  }

  head(): Position {
    return this.#journal.head();
  }

  position(): Position {
    this.#store.refresh();
    const serving = servingGeneration(this.#store, this.name);
    return serving === undefined ? 0 : checkpointOf(this.#store, serving.id);
  }

  reflected(): Position {
    const serving = servingGeneration(this.#store, this.name);
    return serving === undefined ? 0 : checkpointOf(this.#store, serving.id);
  }

  layout(collection: string): CollectionLayout {
    const serving = servingGeneration(this.#store, this.name);
    const found =
      serving === undefined ? undefined : storedLayoutOf(serving, collection, this.#definition);
    if (found !== undefined) return found;
    throw new ViewNotBuiltError(this.name, `collection ${collection}`, serving?.version ?? 0);
  }

  async reached(wanted: Position, timeoutMs: number): Promise<void> {
    const deadlineMs = this.clock.monotonicMs() + timeoutMs;
    while (this.position() < wanted) {
      if (this.clock.monotonicMs() >= deadlineMs)
        throw new SubscriptionTimeoutError(this.name, this.position(), wanted, timeoutMs);
      await new Promise<void>((resolve) => this.clock.setTimer(POLL_MS, resolve));
    }
  }

  listen(): () => void {
    throw new OperationRefusedError("watch", this.name, "only its owner can follow its changes");
  }
}
