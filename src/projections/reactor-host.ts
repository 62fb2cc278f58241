/** One reactor of a runtime: where it is in the log, and what can be done to it. */
import type { CommandPort } from "../kernel/command-port.js";
import { SourceReader } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { actorFields, ReaderAudit, type Actor, type Audit } from "./audit.js";
import { cursorKey, EffectUnit } from "./effect-unit.js";
import type { HandlerFailedError } from "./errors.js";
import { Follower } from "./follower.js";
import type { FollowerPorts } from "./follower-options.js";
import type { ProjectionHost } from "./projection-host.js";
import type { ReplayResult } from "./parked-replay.js";
import type { Reactor } from "./reactor.js";
import type { ViewOf } from "./view.js";

export interface ReactorPorts extends FollowerPorts {
  readonly audit: Audit;
  readonly view: ViewOf;
  readonly commands: CommandPort;
}

const PAGE_EVENTS = 100;
const LOOK_AGAIN_MS = 1_000;
const FOREVER_MS = 2 ** 31 - 1;
/** Reactors have no versions. */
const VERSION = 0;

export class ReactorHost {
  readonly definition: Reactor;
  readonly follower: Follower;
  readonly #ports: ReactorPorts;
  readonly #unit: EffectUnit;
  readonly #skipped: Set<Position>;
  readonly #after: ProjectionHost | undefined;
  #recordedEffects = 0;
  readonly #audit: ReaderAudit;
  #paused: boolean;
  #closed = false;
  #tellClosed: () => void = () => undefined;
  readonly #closing = new Promise<void>((resolve) => (this.#tellClosed = resolve));

  private constructor(
    definition: Reactor,
    ports: ReactorPorts,
    after: ProjectionHost | undefined,
    position: Position,
  ) {
    this.definition = definition;
    this.#ports = ports;
    this.#audit = new ReaderAudit(ports.audit, definition.name);
    this.#after = after;
    const { paused, skipped } = ports.audit.controls(definition.name);
    this.#paused = paused;
    this.#skipped = new Set(skipped.get(VERSION));
    this.#unit = new EffectUnit(definition, ports);
    this.follower = new Follower(
      this.#unit,
      {
        name: `reactor ${definition.name}`,
        parkingReader: definition.name,
        after: position,
        source: new SourceReader(definition.sources, definition.reactions.keys()),
        keyOf: definition.keyOf,
        failurePolicy: definition.failurePolicy,
        batchEventsMax: PAGE_EVENTS,
        skipped: this.#skipped,
        onSkip: (error) => this.#onSkip(error),
        beforePage: (page) => this.#awaitProjection(page.scannedTo),
        beforeEvent: (event) => this.#checkProjected(event),
      },
      ports,
    );
    if (paused) void this.follower.pause();
  }

  /** @param after - The projection that it waits for, if there is one. */
  static async open(
    definition: Reactor,
    ports: ReactorPorts,
    after: ProjectionHost | undefined,
  ): Promise<ReactorHost> {
    return new ReactorHost(definition, ports, after, await startOf(definition, ports));
  }

  get name(): string {
    return this.definition.name;
  }

  get paused(): boolean {
    return this.#paused;
  }

  skippedCount(): number {
    return this.#skipped.size;
  }

  async #awaitProjection(position: Position): Promise<void> {
    const after = this.#after;
    if (after === undefined) return;
    while (!this.#closed) {
      try {
        await Promise.race([after.reached(position, FOREVER_MS), this.#closing]);
        return;
      } catch {
        // The projection has stopped; somebody may make it go on.
        await Promise.race([wait(this.#ports.clock, LOOK_AGAIN_MS), this.#closing]);
      }
    }
  }

  /** A projection's position passes what it has parked, but it doesn't show it. */
  #checkProjected(event: RecordedEvent): void {
    const after = this.#after;
    if (this.#closed) throw new Error("the runtime is closing");
    const follower = after?.generations.serving.projector?.follower;
    if (after === undefined || follower === undefined) return;
    if (follower.isParked(after.definition.keyOf(event)))
      throw new Error(`projection ${after.name} has parked what it is about`);
  }

  async #onSkip(error: HandlerFailedError): Promise<void> {
    await this.#audit.skippedByPolicy(VERSION, error);
    this.#skipped.add(error.position);
  }

  async pause(actor: Actor): Promise<void> {
    await this.#audit.record("Paused", actorFields(actor));
    this.#paused = true;
    await this.follower.pause();
  }

  async resume(actor: Actor): Promise<void> {
    await this.#audit.record("Resumed", actorFields(actor));
    this.#paused = false;
    this.follower.resume();
  }

  async skip(position: Position, actor: Actor): Promise<void> {
    await this.#audit.skipped(VERSION, position, actor);
    this.#skipped.add(position);
    if (!this.#paused) this.follower.resume();
  }

  async replayParked(key: string | undefined, actor: Actor): Promise<ReplayResult> {
    await this.#audit.replayed(key, actor);
    return this.follower.replayParked(key);
  }

  async refresh(timeoutMs: number): Promise<void> {
    await this.follower.reached(this.#ports.journal.head(), timeoutMs);
  }

  async discardParked(key: string, position: Position | undefined, actor: Actor): Promise<number> {
    await this.#audit.discarded(key, position, actor);
    return this.follower.discardParked(key, position);
  }

  /** Effects on their way are aborted; those that have happened are noted where that is still possible. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#tellClosed();
    this.#unit.close();
    await this.follower.close();
    if (this.#unit.effects === this.#recordedEffects) return;
    this.#recordedEffects = this.#unit.effects;
    const at = this.#unit.storedPosition();
    // Should the views be lost, it goes on from here.
    if (at > 0) await this.#audit.record("ReactorAdvanced", { at }).catch(() => undefined);
  }
}

/** Behind which position it goes on: its cursor; else what the log knows of it; else where its definition says. */
async function startOf({ name, start }: Reactor, ports: ReactorPorts): Promise<Position> {
  const { views, audit, journal, logger } = ports;
  const head = journal.head();
  const cursor = views.get("rows", cursorKey(name)) as Position | undefined;
  if (cursor !== undefined && cursor <= head) return cursor;
  const { reached } = audit.controls(name);
  if (reached !== undefined) {
    logger.warn(
      { reactor: name, position: reached },
      "the place of a reactor was lost with the views: effects behind this position happen again, with the same ids",
    );
    return reached;
  }
  const at = start === "head" ? head : start === "beginning" ? 0 : Math.min(start, head);
  await audit.record(name, "ReactorStarted", { at });
  return at;
}

function wait(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => clock.setTimer(delayMs, resolve));
}
