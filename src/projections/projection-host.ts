/** One projection of a runtime: where its readers look, and what can be done to it. */
import { SubscriptionStoppedError, SubscriptionTimeoutError } from "../../journal/index.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import { actorFields, ReaderAudit, type Actor } from "./audit.js";
import { OperationRefusedError, ViewNotBuiltError, type HandlerFailedError } from "./errors.js";
import type { ReplayResult } from "./parked-replay.js";
import { GenerationSet, type GenerationPorts } from "./generation-set.js";
import { generationsAtOpen, type GenerationsAtOpen } from "./generations-at-open.js";
import { checkpointOf, storedLayoutOf, type Generation } from "./generations.js";
import type { CollectionLayout } from "./layout.js";
import type { AnyProjection } from "./projection.js";
import type { Projector } from "./projector.js";
import type { ViewListener, ViewSource } from "./view-source.js";

/** What a rebuild may be told. */
export interface RebuildOptions extends Actor {
  /** Whether it waits for approval before it serves; defaults to what the definition says. */
  readonly approval?: boolean;
}

export class ProjectionHost implements ViewSource {
  readonly definition: AnyProjection;
  readonly generations: GenerationSet;
  readonly #ports: GenerationPorts;
  readonly #listeners = new Set<ViewListener>();
  readonly #skipped: Map<number, Set<Position>>;
  readonly #audit: ReaderAudit;
  #paused: boolean;
  #clockTimer: Timer | undefined;
  #tellFlip: () => void = () => undefined;
  #nextFlip = this.#flipToCome();
  #turn: Promise<unknown> = Promise.resolve();
  #flippedFrom = 0;
  #closed = false;

  private constructor(definition: AnyProjection, ports: GenerationPorts, at: GenerationsAtOpen) {
    this.definition = definition;
    this.#ports = ports;
    this.#audit = new ReaderAudit(ports.audit, definition.name);
    const controls = ports.audit.controls(definition.name);
    this.#paused = controls.paused;
    this.#skipped = new Map(controls.skipped);
    this.generations = new GenerationSet(definition, at, ports, {
      skippedOf: (version) => this.#skippedOf(version),
      onSkip: (version, error) => this.#onSkip(version, error),
      onChanged: (changes, position) => {
        for (const listener of this.#listeners) listener.changed(changes, position);
      },
      onFlipped: (before) => this.#onFlipped(before),
      afterFlip: () => this.#recordFlip(),
    });
    if (this.#paused)
      for (const { follower } of this.generations.projectors()) void follower.pause();
    this.#tick();
  }

  /** Resolves once its generations are known; they catch up behind. */
  static async open(definition: AnyProjection, ports: GenerationPorts): Promise<ProjectionHost> {
    const { views, journal, clock } = ports;
    const at = await generationsAtOpen(views, definition, journal.head(), clock.nowMs());
    return new ProjectionHost(definition, ports, at);
  }

  get name(): string {
    return this.definition.name;
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get serving(): Generation {
    return this.generations.serving.generation;
  }

  /** Up to where readers see the log. */
  position(): Position {
    return this.generations.serving.position();
  }

  /**
   * What documents read now reflect: a write may be visible a moment before its reader says that it is done.
   */
  reflected(): Position {
    return Math.max(this.position(), checkpointOf(this.#ports.views, this.serving.id));
  }

  head(): Position {
    return this.#ports.journal.head();
  }

  /** @throws ViewNotBuiltError - The generation that serves doesn't have it. */
  layout(collection: string): CollectionLayout {
    const found = storedLayoutOf(this.serving, collection, this.definition);
    if (found !== undefined) return found;
    throw new ViewNotBuiltError(this.name, `collection ${collection}`, this.serving.version);
  }

  /** Returns what ends it. */
  listen(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves once readers see everything up to there, in whichever generation.
   *
   * @throws SubscriptionTimeoutError, SubscriptionStoppedError - They don't, in time or at all.
   */
  async reached(position: Position, timeoutMs: number): Promise<void> {
    const { clock } = this.#ports;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    while (this.position() < position) {
      const leftMs = Math.max(0, deadlineMs - clock.monotonicMs());
      const { projector } = this.generations.serving;
      if (projector === undefined) {
        await this.#flippedWithin(position, timeoutMs, leftMs);
        continue;
      }
      try {
        await Promise.race([projector.follower.reached(position, leftMs), this.#nextFlip]);
      } catch (error) {
        if (projector !== this.generations.serving.projector) continue;
        // The one that serves no longer moves; the one that is being built may.
        const mayFlip = this.generations.isRebuilding() && !this.#closed;
        if (!(error instanceof SubscriptionStoppedError) || !mayFlip) throw error;
        await this.#flippedWithin(position, timeoutMs, leftMs);
      }
    }
  }

  async #flippedWithin(wanted: Position, timeoutMs: number, leftMs: number): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = this.#ports.clock.setTimer(leftMs, () =>
        reject(new SubscriptionTimeoutError(this.name, this.position(), wanted, timeoutMs)),
      );
    });
    try {
      await Promise.race([this.#nextFlip, late]);
    } finally {
      timer?.cancel();
    }
  }

  #flipToCome(): Promise<void> {
    return new Promise((resolve) => (this.#tellFlip = resolve));
  }

  #onFlipped(before: Generation): void {
    const tell = this.#tellFlip;
    this.#nextFlip = this.#flipToCome();
    tell();
    for (const listener of this.#listeners) listener.flipped(before);
    this.#flippedFrom = before.id;
  }

  /** Readers see the new generation already; should its record fail, that is logged, and nothing else is affected. */
  async #recordFlip(): Promise<void> {
    const { id: generation, version } = this.serving;
    try {
      await this.#audit.record("GenerationServes", {
        generation,
        version,
        instead: this.#flippedFrom,
      });
    } catch (error) {
      const fields = { projection: this.name, error: asError(error) };
      this.#ports.logger.warn(fields, "the flip of a projection wasn't recorded");
    }
  }

  /** Brings a projection up to date that is so by the clock. */
  #tick(): void {
    const { lifecycle } = this.definition;
    if (typeof lifecycle !== "object") return;
    this.#clockTimer = this.#ports.clock.setTimer(lifecycle.everyMs, () => {
      for (const { follower } of this.generations.projectors()) follower.wake();
      this.#tick();
    });
  }

  #skippedOf(version: number): Set<Position> {
    const found = this.#skipped.get(version) ?? new Set<Position>();
    this.#skipped.set(version, found);
    return found;
  }

  skippedCount(): number {
    return this.#skippedOf(this.serving.version).size;
  }

  async #onSkip(version: number, error: HandlerFailedError): Promise<void> {
    await this.#audit.skippedByPolicy(version, error);
    this.#skippedOf(version).add(error.position);
  }

  // Operations: each is on disk, in the audit stream, before it is carried out.

  /** Those that change which generations there are come one after the other: each decides on what the last one left. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(run);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  rebuild(options: RebuildOptions): Promise<number> {
    return this.#inTurn(async () => {
      if (this.generations.isRebuilding())
        throw new OperationRefusedError("rebuild", this.name, "it is being rebuilt already");
      await this.#audit.record("RebuildRequested", actorFields(options));
      return this.generations.build(options.approval ?? this.definition.approval);
    });
  }

  approve(actor: Actor): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkRebuilding("approve");
      const generation = this.generations.rebuild?.candidate.generation.id;
      await this.#audit.record("RebuildApproved", { ...actorFields(actor), generation });
      if (this.generations.isRebuilding()) await this.generations.approve();
    });
  }

  cancelRebuild(actor: Actor): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkRebuilding("cancelRebuild");
      const { rebuild } = this.generations;
      const generation = rebuild?.candidate.generation.id;
      await this.#audit.record("RebuildCancelled", { ...actorFields(actor), generation });
      this.#checkRebuilding("cancelRebuild");
      if (rebuild?.phase === "flipping")
        throw new OperationRefusedError("cancelRebuild", this.name, "it flips: roll it back then");
      await this.generations.cancelRebuild();
    });
  }

  #checkRebuilding(operation: string): void {
    if (this.generations.isRebuilding()) return;
    throw new OperationRefusedError(operation, this.name, "it isn't being rebuilt");
  }

  rollback(actor: Actor): Promise<void> {
    return this.#inTurn(async () => {
      if (this.generations.isRebuilding())
        throw new OperationRefusedError("rollback", this.name, "cancel its rebuild first");
      const generation = this.generations.checkRollback().generation.id;
      const fields = { ...actorFields(actor), generation, instead: this.serving.id };
      await this.#audit.record("RolledBack", fields);
      await this.generations.rollback();
      await this.#recordFlip();
    });
  }

  dropRetired(actor: Actor): Promise<void> {
    return this.#inTurn(async () => {
      const generation = this.generations.retired?.generation.id;
      if (generation === undefined)
        throw new OperationRefusedError("dropRetired", this.name, "there is none");
      await this.#audit.record("GenerationDropped", { ...actorFields(actor), generation });
      await this.generations.dropRetired();
    });
  }

  async pause(actor: Actor): Promise<void> {
    await this.#audit.record("Paused", actorFields(actor));
    this.#paused = true;
    await Promise.all(this.generations.projectors().map(({ follower }) => follower.pause()));
  }

  async resume(actor: Actor): Promise<void> {
    await this.#audit.record("Resumed", actorFields(actor));
    this.#paused = false;
    for (const { follower } of this.generations.projectors()) follower.resume();
    this.generations.rebuild?.resume();
  }

  /** Passes an event over, in every generation of this version; a stopped one goes on. */
  async skip(position: Position, actor: Actor): Promise<void> {
    const { version } = this.definition;
    await this.#audit.skipped(version, position, actor);
    this.#skippedOf(version).add(position);
    if (this.#paused) return;
    for (const { follower } of this.generations.projectors()) follower.resume();
    this.generations.rebuild?.resume();
  }

  async refresh(timeoutMs: number): Promise<void> {
    await this.reached(this.head(), timeoutMs);
  }

  async replayParked(key: string | undefined, actor: Actor): Promise<ReplayResult> {
    const { follower } = this.#current("replayParked");
    await this.#audit.replayed(key, actor);
    return follower.replayParked(key);
  }

  async discardParked(key: string, position: Position | undefined, actor: Actor): Promise<number> {
    const { follower } = this.#current("discardParked");
    await this.#audit.discarded(key, position, actor);
    return follower.discardParked(key, position);
  }

  async rebuildKey(key: string, actor: Actor): Promise<number> {
    const projector = this.#current("rebuildKey");
    await this.#audit.record("KeyRebuilt", { ...actorFields(actor), key });
    return projector.rebuildKey(key);
  }

  #current(operation: string): Projector {
    const { projector } = this.generations.serving;
    if (projector !== undefined) return projector;
    throw new OperationRefusedError(
      operation,
      this.name,
      `the code of version ${this.serving.version}, which serves, isn't here: give its definition as "previous"`,
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#clockTimer?.cancel();
    for (const listener of this.#listeners) listener.closed();
    await this.generations.close();
  }
}
