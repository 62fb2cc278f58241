/**
 * A new generation on its way to serve, beside the one that does.
 *
 * ```
 * waiting --> catching-up --> comparing --> (awaiting-approval) --> flipping --> done
 *                  |  ^
 *        handler   v  |  resumed, or the event skipped
 *                 failed
 * ```
 *
 * It never runs ahead of the one that serves before both were compared at one position, and it flips where both are at one
 * position, so no reader sees less than before. One that can't move (its code is gone, it stopped, it is paused) is met
 * where it stands.
 */
import type { ViewStore } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import { diffOf, type GenerationDiff } from "./diff.js";
import type { Generation } from "./generations.js";
import type { Projector } from "./projector.js";

/** How far a rebuild is, in this order; `failed` may come at any point, and the old generation serves on. */
export type RebuildPhase =
  "waiting" | "catching-up" | "comparing" | "awaiting-approval" | "flipping" | "failed" | "done";

/** The generation that serves; without a projector where its code is gone. */
export interface Serving {
  readonly generation: Generation;
  readonly projector: Projector | undefined;
  position(): Position;
}

export interface RebuildPorts {
  readonly candidate: Projector;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly needsApproval: boolean;
  readonly turns: Turns;
  readonly serving: () => Serving;
  readonly head: () => Position;
  /** Makes the candidate serve, while both are held. */
  readonly flip: () => Promise<void>;
  /** Nothing is held any more: what is known of the flip is recorded. */
  readonly flipped: () => Promise<void>;
}

const NEAR_POSITIONS = 1_000;
const FOREVER_MS = 2 ** 31 - 1;

export class Rebuild {
  readonly candidate: Projector;
  readonly #ports: RebuildPorts;
  phase: RebuildPhase = "waiting";
  diff: GenerationDiff | undefined;
  error: Error | undefined;
  /** From the moment at which the serving one was held until readers were pointed to the new one. */
  flipMs: number | undefined;
  #compared = false;
  #ended = false;
  #approved = false;
  #goOn: (() => void) | undefined;
  readonly #ends: (() => void)[] = [];
  #running: Promise<void> | undefined;

  constructor(ports: RebuildPorts) {
    this.#ports = ports;
    this.candidate = ports.candidate;
    // Until it has its turn, and before both were compared, there is nothing for it to read.
    this.candidate.follower.setBound(this.#bound);
  }

  readonly #bound = (): Position => {
    if (this.phase === "waiting") return 0;
    return this.#compared ? Infinity : this.#ports.serving().position();
  };

  /** The one that serves is held, or is about to be: the candidate mustn't rest. */
  get isMeeting(): boolean {
    return this.phase === "comparing" || this.phase === "flipping";
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves once it is done, failed, waits for approval, or was given up. */
  async settled(): Promise<void> {
    const isSettled = () =>
      this.#isClosed() || ["done", "failed", "awaiting-approval"].includes(this.phase);
    while (!isSettled()) await new Promise<void>((resolve) => this.#ends.push(resolve));
  }

  #tellEnd(): void {
    for (const resolve of this.#ends.splice(0)) resolve();
  }

  /** Lets it serve, once it is ready. */
  approve(): void {
    this.#approved = true;
    if (this.phase !== "awaiting-approval") return;
    // Whoever asks whether it is done must not be told that it waits.
    this.phase = "catching-up";
    this.#goOn?.();
  }

  /** Tries again after it failed. */
  resume(): void {
    this.candidate.follower.resume();
    if (this.phase === "failed") this.#goOn?.();
  }

  /** Ends it. `closing` closes the candidate, and what it may wait for. */
  async close(closing: () => Promise<void>): Promise<void> {
    this.#ended = true;
    this.#tellEnd();
    this.#goOn?.();
    this.#ports.turns.wake();
    await closing();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { turns, logger } = this.#ports;
    while (!this.#isClosed() && this.phase !== "done") {
      try {
        await turns.take(
          () => this.#isClosed(),
          () => this.#build(),
        );
        if (!this.#isClosed()) await this.#awaitApproval();
        if (!this.#isClosed()) await this.#flipOver();
      } catch (error) {
        if (this.#isClosed()) return;
        this.phase = "failed";
        this.error = asError(error);
        const { name, version } = this.candidate.definition;
        logger.error({ projection: name, version, error }, "a generation can't be built");
        this.#tellEnd();
        await this.#told();
      }
    }
  }

  async #build(): Promise<void> {
    if (this.#isClosed() || this.#compared) return;
    this.phase = "catching-up";
    // Near the head, if the one that serves gets there; else as far as that one is.
    for (let left = Infinity; left > NEAR_POSITIONS && !this.#isClosed();) {
      await this.#reached(this.#goal());
      left = this.#goal() - this.candidate.position();
    }
    if (this.#isClosed()) return;
    this.phase = "comparing";
    const { views, clock, serving } = this.#ports;
    const before = serving().generation;
    const { snapshot, position } = await this.#meet((position) =>
      Promise.resolve({
        snapshot: views.snapshot(),
        // One that was further already when it was opened has no position in common with one that can't move.
        position: position === serving().position() ? position : undefined,
      }),
    );
    // From here on it follows the log, also where the other one can't.
    this.#compared = true;
    this.candidate.follower.wake();
    try {
      if (position !== undefined)
        this.diff = await diffOf(
          { reader: snapshot, generation: before },
          { reader: snapshot, generation: this.candidate.generation },
          position,
          clock,
        );
    } finally {
      snapshot.close();
    }
  }

  #goal(): Position {
    const serving = this.#ports.serving();
    const moves = serving.projector?.follower.isStuck() === false;
    return moves ? this.#ports.head() : serving.position();
  }

  async #awaitApproval(): Promise<void> {
    while (this.#ports.needsApproval && !this.#approved && !this.#isClosed()) {
      this.phase = "awaiting-approval";
      this.#tellEnd();
      await this.#told();
    }
  }

  async #flipOver(): Promise<void> {
    await this.#reached(this.#ports.head());
    if (this.#isClosed()) return;
    this.phase = "flipping";
    this.flipMs = await this.#meet(async (_position, heldAtMs) => {
      await this.#ports.flip();
      return this.#ports.clock.monotonicMs() - heldAtMs;
    });
    await this.#ports.flipped();
    this.phase = "done";
    this.#tellEnd();
  }

  /** Holds both at one position; of one that can't move only that it isn't ahead. */
  #meet<T>(run: (position: Position, heldAtMs: number) => Promise<T>): Promise<T> {
    const { serving, clock } = this.#ports;
    const { projector } = serving();
    const candidate = this.candidate.follower;
    const held = async (): Promise<T> => {
      const heldAtMs = clock.monotonicMs();
      const at = serving().position();
      candidate.setBound(() => at);
      try {
        await this.#reached(at);
        return await candidate.exclusive(() => run(candidate.position(), heldAtMs));
      } finally {
        candidate.setBound(this.#bound);
      }
    };
    return projector === undefined ? held() : projector.follower.exclusive(held);
  }

  #reached(position: Position): Promise<void> {
    return this.candidate.follower.reached(position, FOREVER_MS);
  }

  /** It is asked again after each wait. */
  #isClosed(): boolean {
    return this.#ended;
  }

  #told(): Promise<void> {
    return new Promise((resolve) => (this.#goOn = resolve));
  }
}

/** How many generations may be built at a time. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#free = max;
  }

  async take(isOver: () => boolean, run: () => Promise<void>): Promise<void> {
    while (this.#free === 0 && !isOver())
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (isOver()) return;
    this.#free -= 1;
    try {
      await run();
    } finally {
      this.#free += 1;
      this.wake();
    }
  }

  /** Lets those who wait look again. */
  wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
