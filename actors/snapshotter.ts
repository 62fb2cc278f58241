/** Snapshots are copies nobody depends on: taken aside, bounded, and a failure is a figure and a log line. */
import type { Journal, OwnedEvent } from "../journal/index.js";
import type { Clock } from "../src/kernel/clock.js";
import type { Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import type { Logger } from "../src/kernel/log.js";
import type { PersonalValues } from "../src/kernel/personal-values.js";
import { handedOn, withProvenance } from "../src/kernel/provenance.js";
import type { Behavior } from "./behavior.js";
import type { SnapshotPace } from "./snapshot-policy.js";
import { plainCopy } from "./state-copy.js";

/** A state to be kept. Nobody changes it any more. */
export interface StateCopy {
  readonly streamId: StreamId;
  readonly version: Version;
  readonly position: Position;
  /** Of the newest event in it. */
  readonly recordedAtMs: number;
  readonly state: unknown;
}

/** Beyond this a snapshot is left out: the next one will do. */
const IN_FLIGHT_MAX = 1_000;

export class Snapshotter {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #inFlight = new Set<Promise<void>>();
  taken = 0;
  failed = 0;
  leftOut = 0;

  constructor(journal: Journal, clock: Clock, logger: Logger) {
    this.#journal = journal;
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * A copy of a state after some events, where the policy wants one: made now, since by the time the commit is durable the state is
   * that of a later command.
   */
  copyIfDue(
    { snapshotRules: rules }: Behavior,
    pace: SnapshotPace,
    events: readonly OwnedEvent[],
    { known, ...at }: StateCopy & { readonly known: () => PersonalValues | undefined },
  ): StateCopy | undefined {
    if (rules === undefined) return undefined;
    const nowMs = rules.everyMs > 0 ? this.#clock.nowMs() : 0;
    let copy: StateCopy | undefined;
    try {
      if (!pace.isDue(rules, at.version, nowMs, events, at.state)) return undefined;
      copy = withProvenance({ ...at, state: plainCopy(at.state) }, known());
    } catch (error) {
      this.#onCopyFailed(at.streamId, at.version, error);
    }
    pace.taken(at.version, nowMs);
    return copy;
  }

  /** Keeps a copy of a durable state. Resolves once it is kept, or isn't; never rejects. */
  take(behavior: Behavior, copy: StateCopy): Promise<void> {
    if (this.#inFlight.size >= IN_FLIGHT_MAX) {
      this.leftOut += 1;
      return Promise.resolve();
    }
    const taking = this.#take(behavior, copy).finally(() => this.#inFlight.delete(taking));
    this.#inFlight.add(taking);
    return taking;
  }

  async #take(behavior: Behavior, copy: StateCopy): Promise<void> {
    const { streamId, version, position, recordedAtMs, state } = copy;
    // The wall clock may have jumped back; a snapshot isn't older than what is in it.
    const takenAtMs = Math.max(this.#clock.nowMs(), recordedAtMs);
    try {
      const { fingerprint, snapshotRules } = behavior;
      const snapshot = { streamId, version, position, takenAtMs, fingerprint, state };
      await this.#journal.saveSnapshot(handedOn(copy, snapshot));
      await this.#deleteOlder(copy, snapshotRules?.keep ?? 1);
      this.taken += 1;
    } catch (error) {
      this.failed += 1;
      this.#logger.warn(
        { streamId, version, error },
        "a snapshot wasn't kept; the events will be folded again",
      );
    }
  }

  async #deleteOlder({ streamId, version }: StateCopy, keep: number): Promise<void> {
    let upToVersion = version - 1;
    for (let kept = 1; kept < keep && upToVersion > 0; kept++) {
      const older = this.#journal.findSnapshot(streamId, { upToVersion });
      if (older === undefined) return;
      upToVersion = older.version - 1;
    }
    if (upToVersion > 0 && this.#journal.findSnapshot(streamId, { upToVersion }) !== undefined) {
      await this.#journal.deleteSnapshots(streamId, { upToVersion });
    }
  }

  /** The state couldn't even be copied: it isn't plain data. */
  #onCopyFailed(streamId: StreamId, version: Version, error: unknown): void {
    this.failed += 1;
    this.#logger.warn({ streamId, version, error }, "a state can't be copied for a snapshot");
  }

  /** Resolves once nothing is on its way. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }
}
