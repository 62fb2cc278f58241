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
import type { Position, Version } from "../../src/kernel/event.js";
import { streamTypeOf, type StreamId } from "../../src/kernel/ids.js";
import { claimKeyOf, replayClaim, type ClaimState } from "../claims.js";
import { copyForStream, encodeRecord, eventCountOf, type CommitRecord } from "../record.js";
import { stateProblem } from "./indexer.js";
import { IndexStore } from "./index-store.js";
import { LogFile } from "./log-file.js";
import { loggedRecordsOf, type LoggedRecord } from "./log-row.js";
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
  #head: Position = 0;
  #commits = 0;
  #checksum = 0;
  #lastRecordedAtMs = 0;
  #indexedTo: Position = 0;
  readonly #versions = new Map<StreamId, Version>();

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
      const check = new IndexCheck(this.#storeId ?? "", store, (position, message) =>
        this.#note("state", position, message),
      );
      const problem = stateProblem(store.state(), this.#storeId ?? "", log);
      if (problem !== undefined) {
        this.#note(
          "state",
          undefined,
          `${problem} (it is rebuilt from the log at the next opening)`,
        );
        void store.close();
        return undefined;
      }
      this.#indexedTo = check.indexedTo;
      return check;
    });
  }

  #readLog(log: LogFile, index: IndexCheck | undefined): void {
    const head = log.head();
    let reported = 0;
    for (const row of log.rowsFrom(1, head)) {
      for (const logged of loggedRecordsOf(row)) {
        this.#checkRecord(logged.record);
        this.#checksum = crc32(logged.bytes, this.#checksum);
        index?.add(logged);
      }
      if (this.#head - reported < PROGRESS_EVERY_EVENTS) continue;
      reported = this.#head;
      this.#progress(reported, head, "events");
    }
    this.#progress(head, head, "events");
  }

  #checkRecord(record: CommitRecord): void {
    this.#commits += 1;
    if (record.recordedAtMs < this.#lastRecordedAtMs)
      this.#note("log", record.position, "it was recorded before its predecessor");
    this.#lastRecordedAtMs = record.recordedAtMs;
    for (const { streamId, firstVersion, events } of record.parts) {
      const expected = (this.#versions.get(streamId) ?? 0) + 1;
      if (firstVersion !== expected)
        this.#note(
          "log",
          record.position,
          `${streamId} goes on with version ${firstVersion} instead of ${expected}`,
        );
      this.#versions.set(streamId, firstVersion + events.length - 1);
    }
    this.#head = record.position + eventCountOf(record) - 1;
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
      head: this.#head,
      commits: this.#commits,
      streams: this.#versions.size,
      checksum: this.#checksum,
      indexedTo: this.#indexedTo,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }
}

interface StreamCheck {
  readonly version: Version;
  readonly checksum: number;
  seenVersion: Version;
  seenChecksum: number;
}

/** Compares the index with the log while that is read. */
class IndexCheck {
  readonly indexedTo: Position;
  readonly #storeId: string;
  readonly #store: IndexStore;
  readonly #note: (position: Position | undefined, message: string) => void;
  readonly #streams = new Map<StreamId, StreamCheck>();
  readonly #claims = new Map<string, ClaimState | undefined>();
  readonly #kinds = new Map<string, number>();

  constructor(
    storeId: string,
    store: IndexStore,
    note: (position: Position | undefined, message: string) => void,
  ) {
    this.#storeId = storeId;
    this.#store = store;
    this.#note = note;
    this.indexedTo = store.state()?.indexedTo ?? 0;
    for (const { streamId, version, checksum } of store.streamChecksums())
      this.#streams.set(streamId, { version, checksum, seenVersion: 0, seenChecksum: 0 });
  }

  add({ record, bytes, address }: LoggedRecord): void {
    for (const part of record.parts) this.#addPart(record, bytes, part.streamId);
    // An interrupted write leaves rows that know more; what they know beyond is written again and needn't be compared.
    if (record.position > this.indexedTo) return;
    for (const part of record.parts) {
      const type = streamTypeOf(part.streamId);
      for (const kind of new Set(part.events.map((event) => `${type}/${event.type}`)))
        this.#kinds.set(kind, crc32(String(address), this.#kinds.get(kind) ?? 0));
    }
    if (record.commandId !== undefined && this.#store.command(record.commandId) !== address)
      this.#note(record.position, `command ${record.commandId} isn't found there`);
    for (const claim of record.claims) {
      const key = claimKeyOf(claim.name, claim.key);
      this.#claims.set(key, replayClaim(claim, this.#claims.get(key), record.position));
    }
  }

  #addPart(record: CommitRecord, bytes: Uint8Array, streamId: StreamId): void {
    const check = this.#streams.get(streamId);
    if (check === undefined) {
      if (record.position <= this.indexedTo) this.#note(record.position, `${streamId} is missing`);
      return;
    }
    if (check.seenVersion >= check.version) {
      if (record.position <= this.indexedTo)
        this.#note(record.position, `${streamId} ends at version ${check.version}, too early`);
      return;
    }
    const other = copyForStream(this.#storeId, record, streamId);
    const copy = other === undefined ? bytes : encodeRecord(other);
    const part = record.parts.find((candidate) => candidate.streamId === streamId);
    check.seenVersion = (part?.firstVersion ?? 0) + (part?.events.length ?? 0) - 1;
    check.seenChecksum = crc32(copy, check.seenChecksum);
    if (check.seenVersion === check.version && check.seenChecksum !== check.checksum)
      this.#note(record.position, `its copies of ${streamId} aren't what the log has`);
  }

  /** What can be said only once the whole log was read. */
  finish(): void {
    for (const [streamId, { version, seenVersion }] of this.#streams)
      if (seenVersion < version)
        this.#note(undefined, `${streamId} has version ${version}, the log only ${seenVersion}`);
    for (const [key, wanted] of this.#claims) {
      const found = this.#store.claim(key);
      const newer = (found?.position ?? 0) > this.indexedTo;
      if (!newer && (found?.owner !== wanted?.owner || found?.expiresAtMs !== wanted?.expiresAtMs))
        this.#note(wanted?.position, `claim ${key} isn't held as the log says`);
    }
    for (const [streamType, eventType] of this.#store.kinds()) {
      let checksum = 0;
      for (const address of this.#store.addressesOfKind(streamType, eventType, 0))
        if (Math.floor(address / 128) <= this.indexedTo)
          checksum = crc32(String(address), checksum);
      if (checksum !== (this.#kinds.get(`${streamType}/${eventType}`) ?? 0))
        this.#note(undefined, `its list of ${streamType} ${eventType} isn't what the log has`);
    }
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
