/**
 * The generations of one projection that are alive: the one that serves, the one that is being built, the one before. Flips
 * from the first to the second, and goes back to the third.
 */
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import type { Audit } from "./audit.js";
import type { Changes } from "./document-unit.js";
import { OperationRefusedError, type HandlerFailedError } from "./errors.js";
import type { GenerationsAtOpen, Standing } from "./generations-at-open.js";
import {
  approvalWrite,
  checkpointOf,
  dropGeneration,
  newGeneration,
  servingWrite,
  stateWrite,
  type Generation,
} from "./generations.js";
import type { Verdict } from "./follower-options.js";
import { Pace } from "./pace.js";
import { isParkedAt } from "./parking.js";
import type { AnyProjection } from "./projection.js";
import { Projector, type ProjectorPorts } from "./projector.js";
import { Rebuild, type Serving, type Turns } from "./rebuild.js";

export interface GenerationPorts extends ProjectorPorts {
  readonly audit: Audit;
  readonly turns: Turns;
  /** Share of the time that a rebuild takes while commands come in. */
  readonly rebuildShare: number;
}

export interface GenerationHooks {
  skippedOf(version: number): ReadonlySet<Position>;
  onSkip(version: number, error: HandlerFailedError): Promise<void>;
  /** Documents of the generation that serves have changed. */
  onChanged(changes: Changes, position: Position): void;
  /** Readers are pointed to another generation. */
  onFlipped(before: Generation): void;
  /** Nothing is held any more. */
  afterFlip(): Promise<void>;
}

const ROLLBACK_TIMEOUT_MS = 60_000;

export class GenerationSet {
  readonly #definition: AnyProjection;
  readonly #ports: GenerationPorts;
  readonly #hooks: GenerationHooks;
  readonly #pace: Pace;
  #serving: Serving;
  #retired: Serving | undefined;
  #rebuild: Rebuild | undefined;
  /** Removals of generations that nobody needs any more. */
  #removing: Promise<void> = Promise.resolve();

  constructor(
    definition: AnyProjection,
    at: GenerationsAtOpen,
    ports: GenerationPorts,
    hooks: GenerationHooks,
  ) {
    this.#definition = definition;
    this.#ports = ports;
    this.#hooks = hooks;
    this.#pace = new Pace(ports.journal, ports.clock, ports.rebuildShare);
    this.#serving = this.#standing(at.serving);
    this.#retired = at.retired === undefined ? undefined : this.#standing(at.retired);
    if (at.candidate !== undefined) this.#begin(at.candidate);
  }

  get serving(): Serving {
    return this.#serving;
  }

  get retired(): Serving | undefined {
    return this.#retired;
  }

  /** The last one, also when it is done. */
  get rebuild(): Rebuild | undefined {
    return this.#rebuild;
  }

  isRebuilding(): boolean {
    return this.#rebuild !== undefined && this.#rebuild.phase !== "done";
  }

  /** All that follow the log. */
  projectors(): Projector[] {
    const building = this.isRebuilding() ? this.#rebuild?.candidate : undefined;
    const all = [this.#serving.projector, building, this.#retired?.projector];
    return all.filter((projector) => projector !== undefined);
  }

  #standing({ generation, definition }: Standing): Serving {
    const { views } = this.#ports;
    const projector =
      definition === undefined ? undefined : this.#projectorOf(definition, generation);
    const position = () => projector?.position() ?? checkpointOf(views, generation.id);
    return { generation, projector, position };
  }

  #projectorOf(definition: AnyProjection, generation: Generation): Projector {
    const { version } = definition;
    const isCandidate = () => this.isRebuilding() && this.#rebuild?.candidate === projector;
    const projector: Projector = new Projector(definition, generation, this.#ports, {
      skipped: this.#hooks.skippedOf(version),
      isCandidate,
      verdictOn: (error) => (isCandidate() ? this.#verdictOn(error) : "policy"),
      restMs: () => (this.#rebuild?.isMeeting === true ? 0 : this.#pace.restMs()),
      onSkip: (error) => this.#hooks.onSkip(version, error),
      // The candidate doesn't run ahead of the one that serves, and must be told when that has moved.
      onAdvanced: () => {
        if (this.#serving.projector === projector) this.#rebuild?.candidate.follower.wake();
      },
      onChanged: (changes, position) => {
        if (this.#serving.projector === projector) this.#hooks.onChanged(changes, position);
      },
    });
    return projector;
  }

  /**
   * What is built anew may leave out what the one that serves has left out, too. Anything else stops it: readers would be given a
   * view that has less than before.
   */
  #verdictOn({ position }: HandlerFailedError): Verdict {
    const { generation, projector } = this.#serving;
    if (this.#hooks.skippedOf(generation.version).has(position)) return "policy";
    if (isParkedAt(this.#ports.views, generation.id, position)) return "policy";
    const isUndecided = this.#serving.position() < position;
    return isUndecided && projector?.follower.isStuck() === false ? "wait" : "stop";
  }

  /** Begins another generation. Returns its number. */
  async build(needsApproval: boolean): Promise<number> {
    const { views, clock } = this.#ports;
    const { generation, writes } = newGeneration(views, this.#definition, clock.nowMs(), {
      needsApproval,
    });
    await views.write(writes);
    this.#begin(generation);
    return generation.id;
  }

  #begin(generation: Generation): void {
    const { journal } = this.#ports;
    const candidate = this.#projectorOf(this.#definition, generation);
    this.#rebuild = new Rebuild({
      ...this.#ports,
      candidate,
      needsApproval: generation.needsApproval,
      serving: () => this.#serving,
      head: () => journal.head(),
      flip: () => this.#flip(candidate),
      flipped: () => this.#hooks.afterFlip(),
    });
    this.#rebuild.start();
  }

  /** Lets the candidate serve, also after a reopening. */
  async approve(): Promise<void> {
    const rebuild = this.#rebuild;
    if (rebuild === undefined) return;
    await this.#ports.views.write([approvalWrite(rebuild.candidate.generation)]);
    rebuild.approve();
  }

  /** In one transaction with its checkpoint, readers are pointed to the candidate. */
  async #flip(candidate: Projector): Promise<void> {
    const before = this.#serving;
    const { generation } = candidate;
    await candidate.follower.writeHeld([
      servingWrite(generation.name, generation.id),
      stateWrite(generation, "serving"),
      stateWrite(before.generation, "retired"),
    ]);
    const older = this.#retired;
    this.#retired = before;
    this.#serving = { generation, projector: candidate, position: () => candidate.position() };
    this.#hooks.onFlipped(before.generation);
    if (older !== undefined) this.#removeLater(older.generation, older.projector);
  }

  async cancelRebuild(): Promise<void> {
    const rebuild = this.#rebuild;
    if (rebuild === undefined) return;
    await rebuild.close(() => rebuild.candidate.follower.close());
    this.#rebuild = undefined;
    this.#removeLater(rebuild.candidate.generation, undefined, "rejected");
    await this.#removing;
  }

  /** @throws OperationRefusedError - There is none that can go on. */
  checkRollback(): Serving & { readonly projector: Projector } {
    const retired = this.#retired;
    const { name } = this.#definition;
    if (retired === undefined)
      throw new OperationRefusedError(
        "rollback",
        name,
        "there is no generation before the one that serves",
      );
    const { generation, projector } = retired;
    if (projector !== undefined) {
      if (projector.follower.isStuck() && projector.position() < this.#serving.position())
        throw new OperationRefusedError(
          "rollback",
          name,
          `generation ${generation.id} stands at ${projector.position()} and doesn't move: resume it first`,
        );
      return { ...retired, projector };
    }
    throw new OperationRefusedError(
      "rollback",
      name,
      `generation ${generation.id} has version ${generation.version}, whose code isn't here: give its definition as "previous"`,
    );
  }

  /** Points readers back to the generation before, once it is as far; the one that served is kept, and follows. */
  async rollback(): Promise<void> {
    const retired = this.checkRollback();
    const before = this.#serving;
    const { follower } = retired.projector;
    const swap = async (): Promise<void> => {
      await follower.reached(before.position(), ROLLBACK_TIMEOUT_MS);
      await follower.exclusive(() =>
        follower.writeHeld([
          servingWrite(this.#definition.name, retired.generation.id),
          stateWrite(retired.generation, "serving"),
          stateWrite(before.generation, "rejected"),
        ]),
      );
      this.#serving = retired;
      this.#retired = before;
      this.#hooks.onFlipped(before.generation);
    };
    await (before.projector === undefined ? swap() : before.projector.follower.exclusive(swap));
  }

  /** Forgets the generation before. */
  async dropRetired(): Promise<void> {
    const retired = this.#retired;
    if (retired === undefined) return;
    this.#retired = undefined;
    this.#removeLater(retired.generation, retired.projector);
    await this.#removing;
  }

  #removeLater(
    generation: Generation,
    projector: Projector | undefined,
    keepAs?: "rejected",
  ): void {
    const { views, logger } = this.#ports;
    this.#removing = this.#removing
      .then(() => projector?.follower.close())
      .then(() => dropGeneration(views, generation, keepAs))
      .catch((error: unknown) => {
        // It is marked; what is left of it goes when the projection is opened again.
        const fields = { projection: generation.name, generation: generation.id, error };
        logger.warn({ ...fields, error: asError(error) }, "a generation wasn't removed");
      });
  }

  async close(): Promise<void> {
    const projectors = this.projectors();
    await this.#rebuild?.close(() =>
      Promise.all(projectors.map(({ follower }) => follower.close())).then(() => undefined),
    );
    for (const { follower } of projectors) await follower.close();
    await this.#removing;
  }
}
