/**
 * Snapshots by stream and version, and once more the newest of each stream by itself: a hydration asks for that one, and a
 * look-up of one key costs a tenth of a search.
 */
import type { Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import type { Snapshot, SnapshotCriteria } from "../journal.js";
import { snapshotFits } from "../snapshots.js";
import { readFast, written, type Environment, type Table } from "./environment.js";
import { snapshotRow } from "./index-rows.js";

export class SnapshotTables {
  readonly #environment: Environment;
  readonly #all: Table;
  readonly #newest: Table;
  /** Of writes on their way: two of one stream may be, in any order. */
  readonly #saving = new Map<StreamId, Version>();

  constructor(environment: Environment, all: Table, newest: Table) {
    this.#environment = environment;
    this.#all = all;
    this.#newest = newest;
  }

  get tables(): readonly Table[] {
    return [this.#all, this.#newest];
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { streamId, version } = snapshot;
    const bytes = snapshotRow.encode(snapshot);
    const newest = this.#saving.get(streamId) ?? this.#newestOf(streamId)?.version ?? 0;
    const isNewest = version >= newest;
    if (isNewest) this.#saving.set(streamId, version);
    try {
      await written(
        this.#environment.batch(() => {
          void this.#all.put([streamId, version], bytes);
          if (isNewest) void this.#newest.put(streamId, bytes);
        }),
      );
    } finally {
      if (this.#saving.get(streamId) === version) this.#saving.delete(streamId);
    }
  }

  #newestOf(streamId: StreamId): Snapshot | undefined {
    const bytes = readFast(this.#newest, streamId);
    return bytes === undefined ? undefined : snapshotRow.decode(streamId, bytes);
  }

  /** The one with the highest version that fits; damaged ones are passed over. */
  find(streamId: StreamId, criteria: SnapshotCriteria): Snapshot | undefined {
    const bytes = readFast(this.#newest, streamId);
    if (bytes === undefined) return undefined;
    const newest = snapshotRow.decode(streamId, bytes);
    if (newest !== undefined && snapshotFits(newest, criteria)) return newest;
    for (const snapshot of this.#list(streamId, criteria)) return snapshot;
    return undefined;
  }

  /** The highest version first. */
  *#list(streamId: StreamId, criteria: SnapshotCriteria): Generator<Snapshot> {
    const start = [streamId, criteria.upToVersion ?? Number.MAX_SAFE_INTEGER];
    const range = { start, end: [streamId, 0], reverse: true };
    for (const { value } of this.#all.getRange(range)) {
      const snapshot = snapshotRow.decode(streamId, value);
      if (snapshot !== undefined && snapshotFits(snapshot, criteria)) yield snapshot;
    }
  }

  async delete(streamId: StreamId, criteria: SnapshotCriteria): Promise<void> {
    const gone: Version[] = [];
    let newest: Snapshot | undefined;
    for (const snapshot of this.#list(streamId, {})) {
      if (snapshotFits(snapshot, criteria)) gone.push(snapshot.version);
      else newest ??= snapshot;
    }
    const bytes = newest === undefined ? undefined : snapshotRow.encode(newest);
    await written(
      this.#environment.batch(() => {
        for (const version of gone) void this.#all.remove([streamId, version]);
        if (bytes === undefined) void this.#newest.remove(streamId);
        else void this.#newest.put(streamId, bytes);
      }),
    );
  }
}
