/** The fold of one stream: snapshot and later events to a state. Hydration and time travel are the same fold, cut elsewhere. */
import type { Snapshot } from "../journal/index.js";
import { UnreadableEventError } from "../journal/index.js";
import type { Position, StoredEvent, Version } from "../src/kernel/event.js";
import { entityIdOf, type StreamId } from "../src/kernel/ids.js";
import { TOMBSTONED } from "../src/kernel/life-events.js";
import { PersonalValues } from "../src/kernel/personal-values.js";
import { provenanceOf } from "../src/kernel/provenance.js";
import type { Behavior } from "./behavior.js";
import { HydrationFailedError } from "./errors.js";

export class Fold {
  readonly #behavior: Behavior;
  readonly #streamId: StreamId;
  state: unknown;
  version: Version = 0;
  position: Position = 0;
  recordedAtMs = 0;
  /** The last event ended the entity. */
  isTombstoned = false;
  /** Events folded; what a snapshot spared isn't counted. */
  replayed = 0;
  /** Whose values went into the state; undefined where nobody's did. */
  personal: PersonalValues | undefined;

  /** @throws HydrationFailedError - `initialState` threw. */
  constructor(behavior: Behavior, streamId: StreamId, snapshot?: Snapshot) {
    this.#behavior = behavior;
    this.#streamId = streamId;
    if (snapshot !== undefined) {
      this.state = snapshot.state;
      this.version = snapshot.version;
      this.position = snapshot.position;
      this.recordedAtMs = snapshot.takenAtMs;
      this.#note(snapshot);
      return;
    }
    try {
      this.state = behavior.initialState(entityIdOf(streamId));
    } catch (cause) {
      throw new HydrationFailedError(streamId, 0, undefined, { cause });
    }
  }

  /** @throws HydrationFailedError - The event can't be read or folded; names stream, version and event type. */
  apply(event: StoredEvent): void {
    const { upcasters } = this.#behavior;
    this.isTombstoned = event.type === TOMBSTONED;
    try {
      if (this.isTombstoned) this.state = this.#behavior.initialState(entityIdOf(this.#streamId));
      else if (upcasters.isCurrent(event)) this.#evolve(event);
      else for (const current of upcasters.upcast(event)) this.#evolve(current);
    } catch (cause) {
      const type = cause instanceof UnreadableEventError ? cause.eventType : event.type;
      throw new HydrationFailedError(this.#streamId, event.version, type, { cause });
    }
    this.#note(event);
    this.version = event.version;
    this.position = event.position;
    this.recordedAtMs = event.recordedAtMs;
    this.replayed += 1;
  }

  #note(source: object): void {
    const values = provenanceOf(source);
    if (values !== undefined)
      this.personal = (this.personal ?? new PersonalValues()).addAll(values);
  }

  #evolve({ type, data }: StoredEvent): void {
    this.state = this.#behavior.evolve(this.state, type, data);
  }
}

/** The snapshot, if it was made by what would fold the events today and fits the stream as it is. */
export function usableSnapshot(
  behavior: Behavior,
  snapshot: Snapshot | undefined,
  streamVersion: Version,
): Snapshot | undefined {
  if (snapshot === undefined || snapshot.fingerprint !== behavior.fingerprint) return undefined;
  // A snapshot ahead of its stream belongs to a log that isn't there any more.
  if (snapshot.version > streamVersion) return undefined;
  try {
    behavior.checkState(snapshot.state);
  } catch {
    return undefined;
  }
  return snapshot;
}
