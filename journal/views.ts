/**
 * Where views keep their documents: apart from the journal, since all of it can be rebuilt. What is written and how far
 * the log is reflected in it stand in one transaction, so a view is exactly the fold of the log up to its checkpoint.
 */
import type { Position } from "../src/kernel/event.js";

/** A view's documents: of one projection in one version. */
export interface ViewName {
  readonly name: string;
  readonly version: number;
}

export interface ViewStore {
  /** Last position reflected; 0 for a view that isn't there. */
  checkpoint(view: ViewName): Position;

  /** A document; undefined where there is none. Shared with nobody. */
  get(view: ViewName, id: string): unknown;

  /** Documents with their ids, in order of id (by UTF-8 bytes). */
  list(
    view: ViewName,
    options?: { readonly from?: string; readonly limit?: number },
  ): Iterable<readonly [id: string, document: unknown]>;

  count(view: ViewName): number;

  /** Writes documents (undefined removes one) and the checkpoint, all or nothing. Resolves once it is on disk. */
  write(view: ViewName, changes: ReadonlyMap<string, unknown>, checkpoint: Position): Promise<void>;

  /** Every view there is. */
  views(): readonly ViewName[];

  /** Forgets a view; its checkpoint goes first, so a kill in between leaves nothing that looks whole. */
  drop(view: ViewName): Promise<void>;

  close(): Promise<void>;
}
