/**
 * Reads everything in a data directory and says what is wrong with it. The log is checked by itself: checksums, positions
 * and versions without gaps, times that don't descend. Then the index is compared with what the log implies.
 *
 * Runs in a process of its own (`src/maintenance/`): damaged pages can end a process in LMDB's native code.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { asError } from "../../src/kernel/errors.js";
import type { Position } from "../../src/kernel/event.js";
import { RecordSequence } from "../record-sequence.js";
import { IndexCheck } from "./index-check.js";
import { indexProblem } from "./indexer.js";
import { IndexStore } from "./index-store.js";
import { LogFile } from "./log-file.js";
import { loggedRecordsOf } from "./log-row.js";
import { readManifest } from "./manifest.js";

/** Something wrong in a data directory. */
export interface StoreProblem {
  readonly part: "manifest" | "log" | "state";
  /** Where in the journal, if it can be said. */
  readonly position: Position | undefined;
  readonly message: string;
}

/** What `verifyStore` found. */
export interface VerifyReport {
  readonly directory: string;
  readonly storeId: string | undefined;
  /** Position of the last event that was read. */
  readonly head: Position;
  readonly commits: number;
  readonly streams: number;
  /** CRC-32 over all records in order: equal for a journal and its backup. */
  readonly checksum: number;
  /** Position up to which the index reflects the log; the rest is replayed at each opening. */
  readonly indexedTo: Position;
  /** The first 100; none means that all is well. */
  readonly problems: readonly StoreProblem[];
  /** How many problems there are in all. */
  readonly problemCount: number;
}

/** Told from time to time how far it is. */
export type ProgressListener = (done: number, total: number, what: string) => void;

const PROBLEMS_MAX = 100;
const PROGRESS_EVERY_EVENTS = 50_000;

export class Verifier {
  readonly #directory: string;
  readonly #progress: ProgressListener;
  readonly #problems: StoreProblem[] = [];
  #problemCount = 0;
  #storeId: string | undefined;
  #checksum = 0;
  #indexedTo: Position = 0;
  readonly #sequence = new RecordSequence();

  constructor(directory: string, progress: ProgressListener) {
    this.#directory = directory;
    this.#progress = progress;
  }

  /** `withState: false` leaves the index out, for when reading it ended a process. */
  async run(withState: boolean): Promise<VerifyReport> {
    try {
      this.#storeId = readManifest(this.#directory)?.storeId;
      if (this.#storeId === undefined) this.#note("manifest", undefined, "it is missing");
    } catch (error) {
      this.#note("manifest", undefined, asError(error).message);
    }
    const log = this.#tried("log", () => new LogFile(join(this.#directory, "log"), true));
    if (log === undefined) return this.#report();
    const index = withState ? this.#openIndex(log) : undefined;
    this.#tried("log", () => this.#readLog(log, index));
    // What the index has beyond a damaged place of the log can't be compared.
    if (index !== undefined && this.#problemCount === 0) this.#tried("state", () => index.finish());
    await index?.close();
    await log.close();
    return this.#report();
  }

  #openIndex(log: LogFile): IndexCheck | undefined {
    // Missing isn't wrong: it is built at the next opening.
    if (!existsSync(join(this.#directory, "state", "data.mdb"))) return undefined;
    return this.#tried("state", () => {
      const store = new IndexStore(join(this.#directory, "state"), true);
      const problem = indexProblem(store, this.#storeId ?? "", log);
      if (problem !== undefined) {
        void store.close();
        throw new Error(`${problem} (it is rebuilt from the log at the next opening)`);
      }
      const check = new IndexCheck(this.#storeId ?? "", store, (position, message) =>
        this.#note("state", position, message),
      );
      this.#indexedTo = check.indexedTo;
      return check;
    });
  }

  #readLog(log: LogFile, index: IndexCheck | undefined): void {
    const head = log.head();
    let reported = 0;
    for (const row of log.rowsFrom(1, head)) {
      for (const logged of loggedRecordsOf(row)) {
        const { record } = logged;
        for (const problem of this.#sequence.add(record))
          this.#note("log", record.position, problem);
        this.#checksum = crc32(logged.bytes, this.#checksum);
        index?.add(logged);
      }
      if (this.#sequence.head - reported < PROGRESS_EVERY_EVENTS) continue;
      reported = this.#sequence.head;
      this.#progress(reported, head, "events");
    }
    this.#progress(head, head, "events");
  }

  #tried<T>(part: StoreProblem["part"], work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const { message, position } = asError(error) as Error & { position?: Position };
      this.#note(part, position === 0 ? undefined : position, message);
      return undefined;
    }
  }

  #note(part: StoreProblem["part"], position: Position | undefined, message: string): void {
    this.#problemCount += 1;
    if (this.#problems.length < PROBLEMS_MAX) this.#problems.push({ part, position, message });
  }

  #report(): VerifyReport {
    return {
      directory: this.#directory,
      storeId: this.#storeId,
      head: this.#sequence.head,
      commits: this.#sequence.commits,
      streams: this.#sequence.streams,
      checksum: this.#checksum,
      indexedTo: this.#indexedTo,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }
}
