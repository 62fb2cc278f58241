/** The log of a data directory as it stands, commit by commit with the bytes of each; also beside its owner. */
import { join } from "node:path";
import type { Position } from "../../src/kernel/event.js";
import { JournalCorruptedError, JournalFormatError } from "../errors.js";
import type { CommitRecord } from "../record.js";
import { LogFile } from "./log-file.js";
import { loggedRecordsOf, type LoggedRecord } from "./log-row.js";
import { readManifest, type Manifest } from "./manifest.js";

export class StoredLog {
  readonly manifest: Manifest;
  readonly #log: LogFile;

  /** @throws JournalFormatError - There is no journal in it, or not one that this version can read. */
  constructor(directory: string) {
    const manifest = readManifest(directory);
    if (manifest === undefined)
      throw new JournalFormatError(directory, "there is no journal in it");
    this.manifest = manifest;
    this.#log = new LogFile(join(directory, "log"), true);
  }

  /** Position of the last event that is on disk now; 0 for an empty log. */
  head(): Position {
    this.#log.refresh();
    return this.#log.head();
  }

  /**
   * Commits from the one that holds `from` to the one that holds `upTo`, in order.
   *
   * @throws JournalCorruptedError - A record is damaged or missing.
   */
  *commits(from: Position, upTo: Position): Generator<LoggedRecord> {
    for (const row of this.#log.rowsFrom(from, upTo)) {
      for (const logged of loggedRecordsOf(row)) {
        const { position, parts } = logged.record;
        if (position > upTo) return;
        const last = parts.reduce((sum, part) => sum + part.events.length, position - 1);
        if (last >= from) yield logged;
      }
    }
  }

  /**
   * The commit that holds a position.
   *
   * @throws JournalCorruptedError - It is damaged, or there is none.
   */
  commitAt(position: Position): CommitRecord {
    for (const { record } of this.commits(position, position)) return record;
    throw new JournalCorruptedError(position, "the record is missing");
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}
