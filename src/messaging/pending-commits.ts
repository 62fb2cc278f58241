/** Commits admitted one after the other, to be waited for together. */
import type { AppendRequest, Commit, Journal } from "../../journal/index.js";

export class PendingCommits {
  readonly #journal: Journal;
  #pending: Promise<unknown>[] = [];

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Throws what `Journal.enqueue` throws: then it wasn't admitted. */
  enqueue(request: AppendRequest): Commit {
    let settle: { committed: () => void; failed: (error: Error) => void } | undefined;
    const durable = new Promise<void>((committed, failed) => (settle = { committed, failed }));
    const commit = this.#journal.enqueue(request, {
      committed: () => settle?.committed(),
      failed: (error) => settle?.failed(error),
    });
    durable.catch(() => undefined);
    this.#pending.push(durable);
    return commit;
  }

  /** Resolves once all are on disk. @throws Error - One of them isn't, or nobody knows. */
  async durable(): Promise<void> {
    await Promise.all(this.#pending);
  }
}
