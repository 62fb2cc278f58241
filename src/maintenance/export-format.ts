/**
 * The lines of an export: a header, commits, a check line after every block of them, an end line. `docs/internals/data-format.md`
 * describes them for strangers.
 *
 * ```
 * {"format":"tidemark-export","formatVersion":1,"storeId":…,"createdAt":…,"createdBy":…,"writtenBy":…,"from":1,"upTo":9,"streams":null}
 * {"position":1,"recordedAtMs":…,"streams":[…],…,"crc":…}          commits
 * {"check":{"upTo":4,"commits":3,"events":4,"sha256":…}}           closes a block
 * …
 * {"end":{"upTo":9,"commits":8,"events":9,"sha256":…}}             repeats the last check; what comes without it was cut
 * ```
 *
 * The SHA-256 of a check is over the one before it and the bytes of the lines between; that of the first block begins with
 * that of the header line.
 */
import { createHash } from "node:crypto";
import { TidemarkError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";

export const EXPORT_FORMAT = "tidemark-export";
export const EXPORT_FORMAT_VERSION = 1;
/** A reader keeps a block in memory. */
export const BLOCK_COMMITS_MAX = 512;

/** What an export says of itself in its first line. */
export interface ExportHeader {
  /** Of the store that was exported. */
  readonly storeId: string;
  /** When that store was made, and by which version: for people. */
  readonly createdAt: string;
  readonly createdBy: string;
  /** Which version wrote the export: for people. */
  readonly writtenBy: string;
  /** Position from which commits were exported; 1 for all. */
  readonly from: Position;
  /** Position up to which: the head as it was when the export began, unless another was asked for. */
  readonly upTo: Position;
  /** Which streams, as asked for; null for all. */
  readonly streams: readonly string[] | null;
}

/** How far an export is. */
export interface ExportCheck {
  /** Position up to which everything that was asked for is in the lines before. */
  readonly upTo: Position;
  /** Commits and events in all lines before. */
  readonly commits: number;
  readonly events: number;
  readonly sha256: string;
}

/** An export isn't as it was written: it was cut, changed or put together anew. The line is counted from 1. */
export class ExportDamagedError extends TidemarkError {
  readonly code = "export-damaged";
  readonly retryable = false;

  constructor(
    readonly line: number,
    readonly problem: string,
  ) {
    super(
      `line ${line} of the export: ${problem}; nothing from the block of that line on was taken: use another copy, or export again`,
    );
  }
}

/** Whether an export holds every commit of a store from its beginning on. */
export function isWhole({ from, streams }: ExportHeader): boolean {
  return from === 1 && streams === null;
}

export function headerLine(header: ExportHeader): string {
  const { storeId, createdAt, createdBy, writtenBy, from, upTo, streams } = header;
  const names = { format: EXPORT_FORMAT, formatVersion: EXPORT_FORMAT_VERSION };
  return line({ ...names, storeId, createdAt, createdBy, writtenBy, from, upTo, streams });
}

export function checkLine(check: ExportCheck): string {
  return line({ check });
}

export function endLine(check: ExportCheck): string {
  return line({ end: check });
}

export function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** The digest after a header line. */
export function firstDigest(header: Uint8Array | string): string {
  return createHash("sha256").update(header).digest("hex");
}

/** The digest after a block of lines. */
export function nextDigest(before: string, lines: readonly (Uint8Array | string)[]): string {
  const hash = createHash("sha256").update(before);
  for (const each of lines) hash.update(each);
  return hash.digest("hex");
}
