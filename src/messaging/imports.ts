/** What an operator does about messages of other services that can't be taken; each of it is recorded in the journal. */
import { InvalidArgumentError } from "../kernel/errors.js";
import type { WaitingFor } from "./import-page.js";
import type { ParkedMessage } from "./import-journal.js";
import type { DiscardQuery, Importer, ImportReplay, ParkedQuery } from "./importer.js";

/** Names a remote aggregate. */
export interface RemoteRef {
  readonly name: string;
}

/** Every method throws InvalidArgumentError where the runtime was opened without that remote aggregate. */
export class Imports {
  readonly #importers: ReadonlyMap<string, Importer>;

  /** @internal */
  constructor(importers: ReadonlyMap<string, Importer>) {
    this.#importers = importers;
  }

  /** Messages that couldn't be taken, and those of the same entities behind them; oldest first. */
  parked(remote: RemoteRef, query?: ParkedQuery): readonly ParkedMessage[] {
    return this.#importer(remote).parked(query);
  }

  /** Takes parked messages after what was wrong is mended: of each entity in order, up to the first that still can't be taken. */
  async replay(
    remote: RemoteRef,
    options: { readonly entityId?: string } = {},
  ): Promise<ImportReplay> {
    return this.#importer(remote).replay(options.entityId);
  }

  /** Gives parked messages up: all, those of an entity, or one. Returns how many. */
  async discard(remote: RemoteRef, query: DiscardQuery = {}): Promise<number> {
    return this.#importer(remote).discard(query);
  }

  /**
   * Goes on without what is missing, for good: for events that the log of all services lost and that nobody will publish
   * again. Returns what was given up.
   */
  async acceptGaps(remote: RemoteRef): Promise<readonly WaitingFor[]> {
    return this.#importer(remote).acceptGaps();
  }

  #importer({ name }: RemoteRef): Importer {
    const importer = this.#importers.get(name);
    if (importer === undefined)
      throw new InvalidArgumentError("remote", "one that the runtime was opened with", name);
    return importer;
  }
}
