/** What a memory journal keeps: it outlives the journal, as a directory outlives a process. */
import type { Snapshot } from "../journal.js";

/** @internal */
export class MemoryStore {
  readonly storeId: string;
  /** Encoded commit records, in order; decoded again at each read, so that nobody shares an object with the store. */
  readonly records: { readonly position: number; readonly bytes: Uint8Array }[] = [];
  /** By stream, ascending by version. */
  readonly snapshots = new Map<
    string,
    { readonly snapshot: Omit<Snapshot, "state">; readonly state: Uint8Array }[]
  >();

  constructor(storeId: string) {
    this.storeId = storeId;
  }
}
