/**
 * Claims that go with a subject: what entities claim by its values, and won't once its keys are gone. They are released in the commit of the
 * proof: later nobody could tell which keys they are.
 */
import type { ClaimChange, Journal } from "../../journal/index.js";
import type { Version } from "../kernel/event.js";
import type { StreamId } from "../kernel/ids.js";

/** What folds entities. */
export interface ClaimFolds {
  /** Whether entities of a type claim anything. */
  hasClaims(streamType: string): boolean;
  /** Releases of what an entity claims now, and doesn't as `erased` tells its history. */
  lostClaims(streamId: StreamId, erased: Journal): Promise<readonly ClaimChange[]>;
}

interface Looked {
  readonly version: Version;
  /** Undefined where nobody can tell. */
  readonly releases: readonly ClaimChange[] | undefined;
}

export class ForgottenClaims {
  readonly #folds: ClaimFolds;
  readonly #journal: Journal;
  readonly #erased: Journal;
  readonly #looked = new Map<StreamId, Looked>();

  /**
   * @param journal - As it reads now.
   * @param erased - As it will read.
   */
  constructor(folds: ClaimFolds, journal: Journal, erased: Journal) {
    this.#folds = folds;
    this.#journal = journal;
    this.#erased = erased;
  }

  /** Looks at streams that hold values of the subject; again at those that have moved on since. */
  async look(streams: ReadonlyMap<string, ReadonlySet<StreamId>>): Promise<void> {
    for (const [type, ids] of streams) {
      if (!this.#folds.hasClaims(type)) continue;
      for (const streamId of ids) {
        const version = this.#journal.streamVersion(streamId);
        if (this.#looked.get(streamId)?.version === version) continue;
        this.#looked.set(streamId, { version, releases: await this.#releasesOf(streamId) });
      }
    }
  }

  async #releasesOf(streamId: StreamId): Promise<readonly ClaimChange[] | undefined> {
    try {
      const lost = await this.#folds.lostClaims(streamId, this.#erased);
      return lost.filter(({ name, key }) => this.#journal.findClaim(name, key)?.owner === streamId);
    } catch {
      // What is broken mustn't keep anybody from being forgotten; the report names it.
      return undefined;
    }
  }

  releases(): readonly ClaimChange[] {
    return [...this.#looked.values()].flatMap(({ releases = [] }) => releases);
  }

  /** Streams whose claims can't be told, because their history or their claims can't be made out with the values or without. */
  unknown(): readonly StreamId[] {
    const looked = [...this.#looked];
    return looked.filter(([, { releases }]) => releases === undefined).map(([id]) => id);
  }
}
