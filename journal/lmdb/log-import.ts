/**
 * A log that is written with records made elsewhere: each keeps its position, its time and its bytes. What is begun so and
 * not finished can be gone on with; the index is made at the end.
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Ids } from "../../src/kernel/clock.js";
import type { Position } from "../../src/kernel/event.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { WriterFencedError } from "../errors.js";
import { FreeSpaceGuard } from "./free-space.js";
import { LogFile } from "./log-file.js";
import { loggedRecordsOf, rowsOf, type LoggedRecord } from "./log-row.js";
import { readManifest, writeManifest, type Manifest } from "./manifest.js";
import { makeLog, openLmdbJournal } from "./open.js";
import { OwnerLock } from "./owner-lock.js";

const FREE_BYTES_MIN = 64 * 1024 * 1024;

/** A record as bytes, to be written where it says. */
export interface RecordBytes {
  readonly position: Position;
  readonly bytes: Uint8Array;
}

interface ImportPorts {
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * Keeps others from writing to a data directory.
 *
 * @throws JournalOwnedError - Somebody has it open for writing.
 */
export function lockStore(directory: string, { clock, ids }: ImportPorts): { release(): void } {
  return OwnerLock.acquire(directory, clock, ids);
}

export class LogImport {
  readonly #directory: string;
  readonly #ports: ImportPorts;
  readonly #lock: OwnerLock;
  readonly #log: LogFile;
  readonly #guard: FreeSpaceGuard;
  readonly manifest: Manifest;
  #closing: Promise<void> | undefined;

  private constructor(
    directory: string,
    ports: ImportPorts,
    lock: OwnerLock,
    log: LogFile,
    manifest: Manifest,
  ) {
    this.#directory = directory;
    this.#ports = ports;
    this.#lock = lock;
    this.#log = log;
    this.manifest = manifest;
    const { clock } = ports;
    this.#guard = new FreeSpaceGuard({
      directory,
      clock,
      freeBytesMin: FREE_BYTES_MIN,
      freeBytes: undefined,
    });
  }

  /**
   * Begins, or goes on with what was begun in this directory.
   *
   * @param manifest - Of a directory that is begun; what was begun has its own.
   * @throws JournalOwnedError - Somebody else is at it.
   */
  static async open(directory: string, manifest: Manifest, ports: ImportPorts): Promise<LogImport> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = OwnerLock.acquire(directory, ports.clock, ports.ids);
    try {
      const begun = readManifest(directory);
      if (begun === undefined) writeManifest(directory, manifest);
      await makeLog(directory);
      const log = new LogFile(join(directory, "log"), false);
      return new LogImport(directory, ports, lock, log, begun ?? manifest);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Position of the last event that is on disk. */
  head(): Position {
    return this.#log.head();
  }

  /** What is there already, in order. */
  *commits(): Generator<LoggedRecord> {
    for (const row of this.#log.rowsFrom(1, this.head())) yield* loggedRecordsOf(row);
  }

  /**
   * Writes records that follow the head, all or none.
   *
   * @returns Once they are on disk.
   * @throws JournalFullError - Nothing was written.
   * @throws WriterFencedError - Somebody else wrote. Nothing was written.
   */
  async append(records: readonly RecordBytes[]): Promise<void> {
    const entries = records.map((record) => ({ ...record, address: 0 }));
    const [first] = entries;
    if (first === undefined) return;
    this.#guard.assertSpaceFor(entries.reduce((sum, { bytes }) => sum + bytes.length, 0));
    if (!(await this.#log.write(rowsOf(entries))))
      throw new WriterFencedError(this.#directory, first.position);
  }

  /** Makes the index and lets go of the directory: it is then like any other. */
  async finish(): Promise<void> {
    await this.close();
    // An index of an earlier attempt may be there, of which nobody knows how far it came.
    const state = join(this.#directory, "state");
    if (existsSync(state)) rmSync(state, { recursive: true });
    const journal = await openLmdbJournal({
      ...this.#ports,
      directory: this.#directory,
      limits: defaultLimits,
      logger: silentLogger,
      freeBytesMin: 0,
    });
    await journal.close();
  }

  /** Harmless when repeated. */
  close(): Promise<void> {
    this.#closing ??= this.#log.close().then(() => this.#lock.release());
    return this.#closing;
  }
}
