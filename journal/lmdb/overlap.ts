/**
 * Whether it pays to keep the disk and us busy at the same time, with one half of the commits each. It does while our
 * work on all of them takes longer than one sync:
 *
 * ```
 * together  [work on all][sync]           every  work + sync
 * halves    [work on half][work on half]  every  max(work, 2 × sync)
 *                  [sync ][sync        ]
 * ```
 *
 * With a slow disk halves would only double the number of syncs. Both times are measured as they pass.
 */

/** Weight of the newest measurement. */
const NEWEST = 0.2;
/** Fewer commits say little about what one costs. */
const COMMITS_MIN = 16;

export class OverlapEstimate {
  #syncMs = 0;
  #workMsPerCommit = 0;

  /** A group took so long from hand-over to acknowledgement. */
  synced(ms: number): void {
    this.#syncMs += (ms - this.#syncMs) * NEWEST;
  }

  /** Answering a group, and admitting so many commits that came of it, took so long. */
  worked(ms: number, commits: number): void {
    if (commits >= COMMITS_MIN)
      this.#workMsPerCommit += (ms / commits - this.#workMsPerCommit) * NEWEST;
  }

  /** Whether so many commits, on their way and queued, should go in halves. */
  pays(commits: number): boolean {
    return this.#workMsPerCommit * commits > this.#syncMs;
  }
}
