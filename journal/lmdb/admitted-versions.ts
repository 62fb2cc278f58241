/**
 * Versions of streams including what is admitted and not yet durable. A bounded memory over the index: entries whose
 * last commit is durable can be forgotten, since the index answers for them.
 */
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";

interface Entry {
  version: Version;
  /** Position of the last event admitted. */
  position: Position;
}

const GENERATION_STREAMS_MAX = 32_768;

/** Two generations: what isn't asked for while the young one fills up is dropped with the old one. */
export class AdmittedVersions {
  #young = new Map<StreamId, Entry>();
  #old = new Map<StreamId, Entry>();

  /** Undefined where the index must be asked. */
  get(streamId: StreamId): Version | undefined {
    const entry = this.#young.get(streamId);
    if (entry !== undefined) return entry.version;
    const old = this.#old.get(streamId);
    if (old === undefined) return undefined;
    this.#young.set(streamId, old);
    return old.version;
  }

  set(streamId: StreamId, version: Version, position: Position, durableHead: Position): void {
    const entry = this.#young.get(streamId);
    if (entry !== undefined) {
      entry.version = version;
      entry.position = position;
      return;
    }
    if (this.#young.size >= GENERATION_STREAMS_MAX) this.#age(durableHead);
    this.#young.set(streamId, { version, position });
  }

  #age(durableHead: Position): void {
    const oldest = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    // What isn't durable yet is known nowhere else.
    for (const [streamId, entry] of oldest) {
      if (entry.position > durableHead && !this.#old.has(streamId))
        this.#young.set(streamId, entry);
    }
  }
}
