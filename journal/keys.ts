/**
 * The keys of subjects, as they are kept: wrapped by a master key that is never kept here. Apart from the journal, so that they can be
 * destroyed: the journal never forgets. One interface, obeyed by `memory/` and `lmdb/`, and held to it by `test/conformance/keys.ts`.
 */
import { TidemarkError } from "../src/kernel/errors.js";

/** One key of one subject, wrapped. */
export interface WrappedKey {
  readonly subject: string;
  /** Unique in the whole store. */
  readonly keyId: string;
  /** Of the master key that wraps it. */
  readonly masterKeyId: string;
  /** Nonce, ciphertext and tag. */
  readonly wrapped: Uint8Array;
  readonly createdAtMs: number;
}

export interface KeyStore {
  /** The keys of a subject, the oldest first. */
  find(subject: string): readonly WrappedKey[];

  /**
   * Subjects in order, the first ones behind `after`.
   *
   * @param limit - At the most.
   */
  subjects(after: string, limit: number): readonly string[];

  /** Keeps keys; one of the same subject and id is replaced. Resolves once they are on disk. All or none. */
  put(keys: readonly WrappedKey[]): Promise<void>;

  /**
   * Writes every key as `change` makes it, and leaves out those of which it makes nothing: once it resolves no file of the store holds
   * anything of what they were before. It costs a copy of all keys. A kill leaves all as they were, or all as they shall be.
   */
  rewrite(change: (key: WrappedKey) => WrappedKey | undefined): Promise<void>;

  /** Looks whether the owner has rewritten the keys meanwhile: for a reader beside it. */
  refresh(): void;

  close(): Promise<void>;
}

/** The keys can't be read: the store is damaged, or of another journal. Nothing was changed. Restore a backup of them. */
export class KeyStoreError extends TidemarkError {
  readonly code = "key-store";
  readonly retryable = false;

  constructor(directory: string, problem: string, options?: ErrorOptions) {
    super(`The keys in ${directory} can't be used: ${problem}`, options);
  }
}
