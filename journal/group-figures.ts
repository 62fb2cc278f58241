/** What a journal counts of its group commits: the same in memory and on disk. */
import { Histogram } from "../src/kernel/histogram.js";
import type { JournalFigures } from "./journal.js";

/** Up to 8,191 commits in a group. */
const COMMITS_BELOW = [2, 2 ** 13] as const;
/** From an eighth of a millisecond to half a minute. */
const SYNC_US_BELOW = [2 ** 7, 2 ** 25] as const;

type GroupFigures = Pick<JournalFigures, "commits" | "groups" | "groupCommits" | "syncUs">;

export class GroupRecorder {
  readonly #commits = new Histogram();
  readonly #syncUs = new Histogram();

  /** A group is on disk, and answered. */
  wrote(commits: number): void {
    this.#commits.record(commits);
  }

  synced(tookMs: number): void {
    this.#syncUs.record(tookMs * 1_000);
  }

  figures(): GroupFigures {
    const groupCommits = this.#commits.figures(...COMMITS_BELOW);
    return {
      commits: groupCommits.sum,
      groups: groupCommits.count,
      groupCommits,
      syncUs: this.#syncUs.figures(...SYNC_US_BELOW),
    };
  }
}
