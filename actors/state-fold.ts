/** A fold that goes from one version of an entity to a later one: for whoever looks at several, one after the other. */
import type { Journal, Snapshot } from "../journal/index.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Version } from "../src/kernel/event.js";
import { streamIdOf, type StreamId } from "../src/kernel/ids.js";
import type { AnyAggregate } from "./aggregate.js";
import { Fold } from "./fold.js";
import { readState } from "./state-reader.js";

export class StateFold {
  readonly #journal: Journal;
  readonly #behavior: AnyAggregate["behavior"];
  readonly #streamId: StreamId;
  #fold: Fold | undefined;

  constructor(journal: Journal, { name, behavior }: AnyAggregate, entityId: string) {
    this.#journal = journal;
    this.#behavior = behavior;
    this.#streamId = streamIdOf(name, entityId);
  }

  get state(): unknown {
    return this.#fold?.state;
  }

  get version(): Version {
    return this.#fold?.version ?? 0;
  }

  /**
   * Folds on to a version; the first time from the nearest snapshot.
   *
   * @throws InvalidArgumentError - It is a lower one than before, or it was truncated.
   * @throws HydrationFailedError - An event can't be folded.
   */
  goTo(version: Version): void {
    if (this.#fold === undefined) {
      this.#fold = this.#begin(version);
      return;
    }
    if (version < this.#fold.version)
      throw new InvalidArgumentError("version", `at least ${this.#fold.version}`, version);
    const range = { from: this.#fold.version + 1, upTo: version };
    for (const run of this.#journal.replayStream(this.#streamId, range))
      for (const event of run) this.#fold.apply(event);
  }

  #begin(at: Version): Fold {
    const behavior = this.#behavior;
    if (at === 0) return new Fold(behavior, this.#streamId);
    const { state, version, position } = readState(this.#journal, behavior, this.#streamId, {
      version: at,
    });
    const { fingerprint } = behavior;
    const read: Snapshot = {
      streamId: this.#streamId,
      version,
      position,
      takenAtMs: 0,
      fingerprint,
      state,
    };
    return new Fold(behavior, this.#streamId, read);
  }
}
