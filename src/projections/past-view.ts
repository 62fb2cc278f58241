/**
 * A view as it was: the log folded anew, up to a moment, into a store in memory that is gone with whoever looks. It is a
 * generation like the others, built by the same projector, so that what is skipped and parked is so here, too.
 */
import {
  MemoryViews,
  SubscriptionStoppedError,
  type Journal,
  type ViewStore,
} from "../../journal/index.js";
import { checkId } from "../kernel/ids.js";
import { checkInteger, checkObject } from "../kernel/check.js";
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import { checkLogMoment, type LogMoment } from "../kernel/moment.js";
import type { Audit } from "./audit.js";
import { StoredCollection } from "./collection-reader.js";
import type { Collections } from "./collection.js";
import { diffOf, type GenerationDiff, type KeptGeneration } from "./diff.js";
import { OperationRefusedError } from "./errors.js";
import { newGeneration, storedLayoutOf, type Generation } from "./generations.js";
import type { ParkedEvent } from "./parking.js";
import type { AnyProjection, ErasedHandler, Projection } from "./projection.js";
import { Projector, type ProjectorPorts } from "./projector.js";
import type { CollectionReaders } from "./view.js";

/** Every collection of a projection as of one moment. */
export interface PastView<C extends Collections> {
  /** Up to where it reflects the log. */
  readonly position: Position;
  readonly collections: CollectionReaders<C>;
  /** Events that the handlers can't take, and what stands behind them: they aren't in it, as they aren't in the live view. */
  readonly parked: readonly ParkedEvent[];
}

/** How much of the past is wanted. */
export interface PastViewOptions {
  /**
   * Only events with this key (see the projection's `key`; the entity's id by default) are folded: for one document of a
   * view that is too large to be folded whole.
   */
  readonly key?: string;
  /** Bytes that its documents and index entries may take in memory; defaults to 256 MiB. */
  readonly bytesMax?: number;
}

export interface PastViewPorts extends ProjectorPorts {
  readonly audit: Audit;
}

const BYTES_MAX = 256 * 2 ** 20;
/** Positions after which the bytes are looked at. */
const STRIDE = 5_000;
const FOREVER_MS = 2 ** 31 - 1;

/** One that is being built, or was. */
export class PastViewBuild<C extends Collections> {
  readonly #definition: Projection<C>;
  readonly #upTo: Position;
  readonly #bytesMax: number;
  readonly #views = new MemoryViews();
  readonly #generation: Generation;
  readonly #projector: Projector;
  #bound: Position = 0;

  /** @throws InvalidArgumentError - The moment or an option isn't valid. */
  constructor(
    definition: Projection<C>,
    at: LogMoment,
    options: PastViewOptions,
    ports: PastViewPorts,
  ) {
    checkObject("options of viewAt", options);
    const { key, bytesMax = BYTES_MAX } = options;
    if (key !== undefined) checkId("key", key);
    checkInteger("bytesMax", bytesMax, 1, Number.MAX_SAFE_INTEGER);
    this.#definition = definition;
    this.#bytesMax = bytesMax;
    this.#upTo = positionBy(ports.journal, at);
    const past = pastDefinition(definition, key);
    this.#generation = newGeneration(this.#views, past, 0, "serving").generation;
    this.#projector = projectorOf(past, this.#generation, this.#views, ports);
    this.#projector.follower.setBound(() => this.#bound);
  }

  async run(): Promise<PastView<C>> {
    const { follower } = this.#projector;
    try {
      while (this.#bound < this.#upTo) {
        this.#bound = Math.min(this.#upTo, this.#bound + STRIDE);
        await follower.reached(this.#bound, FOREVER_MS);
        this.#checkBytes();
      }
      const parked = follower.parked();
      return { position: this.#upTo, collections: this.#collections(), parked };
    } catch (error) {
      // Whoever looks back has no subscription: what matters is what stopped it.
      throw error instanceof SubscriptionStoppedError ? (error.cause ?? error) : error;
    } finally {
      await follower.close();
    }
  }

  /** What another generation, which is as far, has otherwise. Once `run` has ended. */
  diffFrom(before: KeptGeneration, clock: Clock): Promise<GenerationDiff> {
    const after = { reader: this.#views, generation: this.#generation };
    return diffOf(before, after, this.#upTo, clock);
  }

  #checkBytes(): void {
    const { bytes } = this.#views;
    if (bytes <= this.#bytesMax) return;
    throw new OperationRefusedError(
      "viewAt",
      this.#definition.name,
      `at position ${this.#bound} of ${this.#upTo} it takes ${bytes} bytes, more than bytesMax (${this.#bytesMax}): give a key, or more bytes`,
    );
  }

  #collections(): CollectionReaders<C> {
    const readers = Object.keys(this.#definition.collections).map((name) => {
      const layout = storedLayoutOf(this.#generation, name, this.#definition);
      return [name, layout && new StoredCollection(this.#views, layout)];
    });
    return Object.fromEntries(readers) as CollectionReaders<C>;
  }

  /** Ends it where it is. */
  close(): Promise<void> {
    return this.#projector.follower.close();
  }
}

/** Last position that had been recorded by then. Times never descend as positions ascend. */
function positionBy(journal: Journal, at: LogMoment): Position {
  checkLogMoment(at);
  const head = journal.head();
  if ("position" in at) return Math.min(at.position, head);
  let before = 0;
  let behind = head + 1;
  while (behind - before > 1) {
    const middle = Math.floor((before + behind) / 2);
    const [event] = journal.readPage({ after: middle - 1, upTo: middle, limit: 1 }).events;
    if (event !== undefined && event.recordedAtMs <= at.timeMs) before = middle;
    else behind = middle;
  }
  return before;
}

/** Handlers can't do otherwise a second time: what fails is parked, skipped or stops at once. */
function pastDefinition(definition: AnyProjection, key: string | undefined): AnyProjection {
  const failurePolicy = { ...definition.failurePolicy, attemptsMax: 1 };
  const past = { ...definition, lifecycle: "on-demand", failurePolicy } as const;
  if (key === undefined) return past;
  const handlers = [...definition.handlers].map(([type, handler]): [string, ErasedHandler] => [
    type,
    (event, documents) => (definition.keyOf(event) === key ? handler(event, documents) : undefined),
  ]);
  return { ...past, handlers: new Map(handlers) };
}

function projectorOf(
  definition: AnyProjection,
  generation: Generation,
  views: ViewStore,
  ports: PastViewPorts,
): Projector {
  const { name, version } = definition;
  const skipped = new Set(ports.audit.controls(name).skipped.get(version));
  const nothing = () => undefined;
  return new Projector(
    definition,
    generation,
    { ...ports, views },
    {
      skipped,
      isCandidate: () => false,
      verdictOn: () => "policy",
      restMs: () => 0,
      onSkip: async ({ position }) => void skipped.add(position),
      onChanged: nothing,
      onAdvanced: nothing,
    },
  );
}
