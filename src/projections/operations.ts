/**
 * What an operator does to projections and reactors while they run. Every change is recorded in the audit stream of its
 * reader (`tidemark/<name>`), with who did it and why, before it is carried out; so it outlives the process.
 */
import type { Journal } from "../../journal/index.js";
import { checkInteger } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { keptAlive, type Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import type { Actor, Audit, AuditRecord } from "./audit.js";
import { OperationRefusedError } from "./errors.js";
import type { ExternalHost } from "./external-host.js";
import type { ExternalProjection } from "./external-projection.js";
import type { Follower } from "./follower.js";
import type { ParkedEvent } from "./parking.js";
import type { ReplayResult } from "./parked-replay.js";
import type { AnyProjection } from "./projection.js";
import type { ProjectionHost, RebuildOptions } from "./projection-host.js";
import type { Reactor } from "./reactor.js";
import type { ReactorHost } from "./reactor-host.js";
import { rebuildStatus, type RebuildStatus } from "./status.js";

/** A projection, external projection or reactor, by itself or by its name. */
export type ReaderRef =
  string | Pick<AnyProjection, "name"> | Pick<Reactor, "name"> | Pick<ExternalProjection, "name">;

type Host = ProjectionHost | ReactorHost | ExternalHost;

/** All readers of a runtime, by name. */
export interface Hosts {
  readonly projections: ReadonlyMap<string, ProjectionHost>;
  readonly reactors: ReadonlyMap<string, ReactorHost>;
  readonly externals: ReadonlyMap<string, ExternalHost>;
}

const TIMEOUT_MS = 60_000;

/**
 * Each method throws an InvalidArgumentError where the runtime has no such projection or reactor, and an
 * OperationRefusedError where things stand against it; nothing was then changed.
 */
export class Operations {
  readonly #hosts: Hosts;
  readonly #audit: Audit;
  readonly #journal: Journal;
  readonly #clock: Clock;

  /** @internal */
  constructor(hosts: Hosts, audit: Audit, journal: Journal, clock: Clock) {
    this.#clock = clock;
    this.#hosts = hosts;
    this.#audit = audit;
    this.#journal = journal;
  }

  /** It handles nothing more until it is resumed, also after a restart. Its view is served as it is. */
  async pause(reader: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#host(reader).pause(actor));
  }

  /** It goes on, after a pause, or after it stopped because of a failure. */
  async resume(reader: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#host(reader).resume(actor));
  }

  /** It passes the event at this position over, now and in every rebuild of this version; where it stopped there it goes on. */
  async skip(reader: ReaderRef, position: Position, actor: Actor = {}): Promise<void> {
    checkInteger("position", position, 1, this.#journal.head());
    await this.#kept(this.#host(reader).skip(position, actor));
  }

  /**
   * Builds the projection anew, beside the generation that serves; that one is replaced once the new one is as far.
   *
   * @returns The number of the new generation; `runtime.status()` tells how it gets on.
   */
  async rebuild(projection: ReaderRef, options: RebuildOptions = {}): Promise<number> {
    return this.#kept(this.#projection(projection, "rebuild").rebuild(options));
  }

  /** Lets a generation serve that waits for approval, or that will. */
  async approve(projection: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#projection(projection, "approve").approve(actor));
  }

  /** Gives up the generation that is being built. */
  async cancelRebuild(projection: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#projection(projection, "cancelRebuild").cancelRebuild(actor));
  }

  /** Points readers back to the generation before, which has followed the log all the time. */
  async rollback(projection: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#projection(projection, "rollback").rollback(actor));
  }

  /** Forgets the generation before: there is then no rolling back. */
  async dropRetired(projection: ReaderRef, actor: Actor = {}): Promise<void> {
    return this.#kept(this.#projection(projection, "dropRetired").dropRetired(actor));
  }

  /**
   * Builds what belongs to one key anew, in the generation that serves, from the events of that key up to its position: for
   * projections whose documents have the key as their id.
   *
   * @returns How many events were handled.
   * @throws HandlerFailedError - A handler failed; nothing was changed.
   */
  async rebuildKey(projection: ReaderRef, key: string, actor: Actor = {}): Promise<number> {
    return this.#kept(this.#projection(projection, "rebuildKey").rebuildKey(key, actor));
  }

  /**
   * Waits until everything that is durable now is handled; brings a projection up to date that doesn't follow by itself.
   *
   * @throws SubscriptionTimeoutError, SubscriptionStoppedError - It isn't, in time or at all.
   */
  async refresh(reader: ReaderRef, options: { readonly timeoutMs?: number } = {}): Promise<void> {
    const { timeoutMs = TIMEOUT_MS } = options;
    await this.#kept(this.#host(reader).refresh(timeoutMs));
  }

  /**
   * Waits until the rebuild that is under way is done, has failed, or waits for approval; returns at once where none is.
   *
   * @returns How it stands then, as in `runtime.status()`; undefined where there was none since the runtime was opened.
   */
  async rebuilt(projection: ReaderRef): Promise<RebuildStatus | undefined> {
    const host = this.#projection(projection, "rebuilt");
    await this.#kept(host.generations.rebuild?.settled() ?? Promise.resolve());
    return rebuildStatus(host);
  }

  /** Events that wait, by key and in order; of one key, or of all. At most `limit`, which defaults to 1,000. */
  parked(
    reader: ReaderRef,
    options: { readonly key?: string; readonly limit?: number } = {},
  ): readonly ParkedEvent[] {
    const { key, limit = 1_000 } = options;
    checkInteger("limit", limit, 1, 1_000_000);
    const follower = this.#follower(reader);
    return follower?.parked({ limit, ...(key === undefined ? {} : { key }) }) ?? [];
  }

  /**
   * Handles the parked events of a key again, in order, and lets its later ones through; without a key those of all keys.
   * Stops at the first event of a key that fails again.
   */
  async replayParked(
    reader: ReaderRef,
    options: Actor & { readonly key?: string } = {},
  ): Promise<ReplayResult> {
    const { key, ...actor } = options;
    return this.#kept(this.#host(reader).replayParked(key, actor));
  }

  /** Forgets parked events without handling them: one of a key, by its position, or all of it. Returns how many. */
  async discardParked(
    reader: ReaderRef,
    options: Actor & { readonly key: string; readonly position?: Position },
  ): Promise<number> {
    const { key, position, ...actor } = options;
    return this.#kept(this.#host(reader).discardParked(key, position, actor));
  }

  /** What was done to a reader, oldest first. */
  audit(reader: ReaderRef): readonly AuditRecord[] {
    return this.#audit.records(this.#host(reader).name);
  }

  /** Whoever awaits an operation keeps the process alive. */
  #kept<T>(work: Promise<T>): Promise<T> {
    return keptAlive(this.#clock, work);
  }

  #follower(reader: ReaderRef): Follower | undefined {
    const host = this.#host(reader);
    return "follower" in host ? host.follower : host.generations.serving.projector?.follower;
  }

  #projection(reader: ReaderRef, operation: string): ProjectionHost {
    const host = this.#host(reader);
    if ("generations" in host) return host;
    const problem =
      "opening" in host
        ? "its tables are in a database of yours: to build them anew, raise its version"
        : "it is a reactor, and keeps no view";
    throw new OperationRefusedError(operation, host.name, problem);
  }

  #host(reader: ReaderRef): Host {
    const name = nameOf(reader);
    const { projections, reactors, externals } = this.#hosts;
    const host = projections.get(name) ?? reactors.get(name) ?? externals.get(name);
    if (host !== undefined) return host;
    const names = [...projections.keys(), ...reactors.keys(), ...externals.keys()].join(", ");
    throw new InvalidArgumentError(
      "projection or reactor",
      names === "" ? "one that the runtime was opened with; there is none here" : `one of ${names}`,
      name,
    );
  }
}

function nameOf(reader: ReaderRef): string {
  return typeof reader === "string" ? reader : reader.name;
}
