/** The keys of a memory runtime: the readable specification of {@link KeyStore}. It outlives the runtime, as a folder does. */
import type { KeyStore, WrappedKey } from "../keys.js";

/** @internal */
export class MemoryKeys implements KeyStore {
  /** By subject, and then by id. */
  readonly #keys = new Map<string, Map<string, WrappedKey>>();

  find(subject: string): readonly WrappedKey[] {
    return [...(this.#keys.get(subject)?.values() ?? [])];
  }

  subjects(after: string, limit: number): readonly string[] {
    const behind = [...this.#keys.keys()].filter((subject) => isBehind(subject, after));
    return behind.sort((a, b) => (isBehind(a, b) ? 1 : -1)).slice(0, limit);
  }

  put(keys: readonly WrappedKey[]): Promise<void> {
    for (const key of keys) {
      const known = this.#keys.get(key.subject) ?? new Map<string, WrappedKey>();
      this.#keys.set(key.subject, known.set(key.keyId, { ...key }));
    }
    return Promise.resolve();
  }

  rewrite(change: (key: WrappedKey) => WrappedKey | undefined): Promise<void> {
    const kept = [...this.#keys.values()].flatMap((keys) =>
      [...keys.values()].map(change).filter((key) => key !== undefined),
    );
    this.#keys.clear();
    return this.put(kept);
  }

  refresh(): void {
    // Nobody else has it.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function isBehind(subject: string, after: string): boolean {
  return Buffer.compare(Buffer.from(subject), Buffer.from(after)) > 0;
}
