/**
 * The free-space guard: a full disk is refused before LMDB meets it, because a failed write of LMDB's can't be relied on
 * to leave the process healthy (facts, 0.7).
 */
import { statfsSync } from "node:fs";
import type { Clock } from "../../src/kernel/clock.js";
import { JournalFullError } from "../errors.js";

/** Bytes that may be written before the disk is looked at again; far below the least free space. */
const MEASURE_EVERY_BYTES = 4 * 1024 * 1024;
const MEASURE_EVERY_MS = 1_000;
const MEASURE_WHEN_FULL_EVERY_MS = 100;

export interface FreeSpaceOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly freeBytesMin: number;
  /** Bytes free for us; the file system's answer unless a test gives another. */
  readonly freeBytes: ((directory: string) => number) | undefined;
}

export class FreeSpaceGuard {
  readonly #options: FreeSpaceOptions;
  readonly #measure: (directory: string) => number;
  #freeBytes: number;
  #measuredAtMs: number;
  #bytesSince = 0;

  constructor(options: FreeSpaceOptions) {
    this.#options = options;
    this.#measure = options.freeBytes ?? freeBytesOf;
    this.#freeBytes = this.#measure(options.directory);
    this.#measuredAtMs = options.clock.monotonicMs();
  }

  /** @throws JournalFullError - Nothing was written. */
  assertSpaceFor(bytes: number): void {
    this.#bytesSince += bytes;
    const { directory, clock, freeBytesMin } = this.#options;
    const full = this.#freeBytes < freeBytesMin;
    const ageMs = clock.monotonicMs() - this.#measuredAtMs;
    if (
      this.#bytesSince > MEASURE_EVERY_BYTES ||
      ageMs > (full ? MEASURE_WHEN_FULL_EVERY_MS : MEASURE_EVERY_MS)
    ) {
      this.#freeBytes = this.#measure(directory);
      this.#measuredAtMs = clock.monotonicMs();
      this.#bytesSince = 0;
    }
    if (this.#freeBytes < freeBytesMin)
      throw new JournalFullError(directory, this.#freeBytes, freeBytesMin);
  }
}

/** Bytes free for this process on the disk that holds a directory. */
export function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}
