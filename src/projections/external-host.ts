/**
 * One external projection of a runtime: where it is in the log, and what can be done to it. It starts once its database tells
 * the checkpoint; a runtime opens without waiting long for a database that is away.
 *
 * ```
 * rows   ["external", "name/version"]   true: what it parked is in this view store
 * ```
 */
import { type ViewKey, SourceReader } from "../../journal/index.js";
import { backOffMs } from "../kernel/back-off.js";
import type { Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import { actorFields, ReaderAudit, type Actor, type Audit } from "./audit.js";
import { OperationRefusedError, type HandlerFailedError } from "./errors.js";
import type { ExternalProjection } from "./external-projection.js";
import { ExternalUnit } from "./external-unit.js";
import { Follower } from "./follower.js";
import type { FollowerPorts } from "./follower-options.js";
import type { ReplayResult } from "./parked-replay.js";
import { Parking } from "./parking.js";

export interface ExternalPorts extends FollowerPorts {
  readonly audit: Audit;
}

const PAGE_EVENTS = 500;
/** Opening a runtime waits so long for the database's first answer. */
const OPENING_WAIT_MS = 1_000;
/** Closing waits so long for the transaction on its way; afterwards it is handled again next time, or found committed. */
const CLOSING_WAIT_MS = 5_000;

export class ExternalHost {
  readonly definition: ExternalProjection;
  /** Undefined until the database has told the checkpoint. */
  follower: Follower | undefined;
  readonly #ports: ExternalPorts;
  readonly #unit: ExternalUnit;
  readonly #skipped: Set<Position>;
  readonly #audit: ReaderAudit;
  #paused: boolean;
  #attempts = 0;
  #error: Error | undefined;
  #attempt: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #closed = false;

  private constructor(definition: ExternalProjection, ports: ExternalPorts) {
    this.definition = definition;
    this.#ports = ports;
    this.#audit = new ReaderAudit(ports.audit, definition.name);
    const { paused, skipped } = ports.audit.controls(definition.name);
    this.#paused = paused;
    this.#skipped = new Set(skipped.get(definition.version));
    this.#unit = new ExternalUnit(definition, ports);
  }

  static async open(definition: ExternalProjection, ports: ExternalPorts): Promise<ExternalHost> {
    const host = new ExternalHost(definition, ports);
    host.#start();
    let timer: Timer | undefined;
    const waited = new Promise<void>(
      (resolve) => (timer = ports.clock.setTimer(OPENING_WAIT_MS, resolve)),
    );
    await Promise.race([host.#attempt, waited]);
    timer?.cancel();
    return host;
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

  /** How asking for the checkpoint has gone so far; of interest while there is no follower. */
  get opening(): { readonly attempts: number; readonly error: Error | undefined } {
    return { attempts: this.#attempts, error: this.#error };
  }

  get #parkingReader(): string {
    // A reactor's name has no "/" in it.
    return `${this.name}/${this.definition.version}`;
  }

  #start(): void {
    this.#attempt = this.#follow().catch((error: unknown) => {
      if (this.#closed) return;
      this.#attempts += 1;
      this.#error = asError(error);
      const { retryDelayMs, retryDelayMaxMs } = this.definition.failurePolicy;
      const delayMs = backOffMs(this.#attempts, retryDelayMs, retryDelayMaxMs);
      const fields = { reader: this.#unit.name, attempts: this.#attempts, error: this.#error };
      this.#ports.logger.warn(fields, "a database didn't tell its checkpoint; it is asked again");
      this.#timer = this.#ports.clock.setTimer(delayMs, () => this.#start());
    });
  }

  async #follow(): Promise<void> {
    const parking = new Parking(this.#ports.views, this.#parkingReader);
    const parkedRows = parking.list().map((event) => parking.removalOf(event));
    const position = await this.#unit.open(parkedRows);
    await this.#noteViews(position);
    if (this.#closed) return;
    this.#error = undefined;
    this.follower = this.#followerAfter(position);
    if (this.#paused) void this.follower.pause();
  }

  #followerAfter(position: Position): Follower {
    const { sources, handlers, keyOf, failurePolicy } = this.definition;
    return new Follower(
      this.#unit,
      {
        name: `external projection ${this.#unit.name}`,
        parkingReader: this.#parkingReader,
        after: position,
        source: new SourceReader(sources, handlers.keys()),
        keyOf,
        failurePolicy,
        batchEventsMax: PAGE_EVENTS,
        waitsForStore: true,
        skipped: this.#skipped,
        onSkip: (error) => this.#onSkip(error),
      },
      this.#ports,
    );
  }

  /** Parked events are in the views: where those were lost, somebody must be told. */
  async #noteViews(position: Position): Promise<void> {
    const { views, logger } = this.#ports;
    const key: ViewKey = ["external", this.#parkingReader];
    if (views.get("rows", key) !== undefined) return;
    if (position > 0)
      logger.warn(
        { reader: this.#unit.name, position },
        "an external projection goes on without the list of what it parked, which was lost with the views; where something was parked, raise its version",
      );
    await views.write([{ table: "rows", key, value: true }]);
  }

  async #onSkip(error: HandlerFailedError): Promise<void> {
    const { version } = this.definition;
    await this.#audit.skippedByPolicy(version, error);
    this.#skipped.add(error.position);
  }

  async pause(actor: Actor): Promise<void> {
    await this.#audit.record("Paused", actorFields(actor));
    this.#paused = true;
    await this.follower?.pause();
  }

  async resume(actor: Actor): Promise<void> {
    await this.#audit.record("Resumed", actorFields(actor));
    this.#paused = false;
    this.follower?.resume();
  }

  async skip(position: Position, actor: Actor): Promise<void> {
    const { version } = this.definition;
    await this.#audit.skipped(version, position, actor);
    this.#skipped.add(position);
    if (!this.#paused) this.follower?.resume();
  }

  /** Waits until everything that is recorded now is in the database. */
  async refresh(timeoutMs: number): Promise<void> {
    await this.#current("refresh").reached(this.#ports.journal.head(), timeoutMs);
  }

  async replayParked(key: string | undefined, actor: Actor): Promise<ReplayResult> {
    const follower = this.#current("replayParked");
    await this.#audit.replayed(key, actor);
    return follower.replayParked(key);
  }

  async discardParked(key: string, position: Position | undefined, actor: Actor): Promise<number> {
    const follower = this.#current("discardParked");
    await this.#audit.discarded(key, position, actor);
    return follower.discardParked(key, position);
  }

  #current(operation: string): Follower {
    if (this.follower !== undefined) return this.follower;
    const problem = `its database hasn't told its checkpoint: ${this.#error?.message ?? "no answer yet"}`;
    throw new OperationRefusedError(operation, this.name, problem);
  }

  /** The transaction on its way is waited for, within bounds. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    const timer = this.#ports.clock.setTimer(CLOSING_WAIT_MS, () => this.#unit.abort());
    try {
      await this.#attempt;
      await this.follower?.close();
    } finally {
      timer.cancel();
    }
  }
}
