/** A data directory as text: one line a commit, for keeping, moving and looking into. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { StoredLog } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import {
  ExportDamagedError,
  isWhole,
  type ExportCheck,
  type ExportHeader,
} from "./export-format.js";
import { ExportFile } from "./export-file.js";
import { beginningOf, blocksAfter, headerOf, type ExportSelection } from "./export-lines.js";
import { ExportReader, type ExportSource } from "./export-reader.js";
import { reportTo, type MaintenanceOptions } from "./verify-store.js";

/** What `exportStore` may be told. */
export interface ExportOptions extends ExportSelection, MaintenanceOptions {
  /**
   * Goes on with what an export to the same file left behind when it was ended: what is there is read and checked, and
   * kept as far as it is whole. The other options must be as they were. Defaults to false.
   */
  readonly resume?: boolean;
}

/** What `exportStore` did. */
export interface ExportReport {
  readonly to: string;
  readonly storeId: string;
  /** Position from which, and up to which, commits were exported. */
  readonly from: Position;
  readonly upTo: Position;
  readonly commits: number;
  readonly events: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Over all lines but the last, as the last line says it. */
  readonly sha256: string;
  /** Whether it can be imported: whether it has every commit from the beginning on. */
  readonly importable: boolean;
}

/** What `checkExport` found: an export as it was written. */
export type ExportSummary = Omit<ExportReport, "to" | "bytes"> & { readonly header: ExportHeader };

/**
 * Writes the commits of a data directory to a file of JSON lines, with everything in them: events, claims, command ids, replies,
 * metadata, truncations, times. Reads beside a running owner, as of the head when it begins; keeps a block of 512 commits or
 * about a mebibyte in memory. Personal data stays encrypted as it is. Until it is complete and on disk the file is called
 * `<destination>.partial`.
 *
 * @param directory - As given to `openRuntime`.
 * @param destination - A file that isn't there; compressed where it ends with `.gz`.
 * @throws JournalFormatError - There is no journal in `directory`. Nothing was written.
 * @throws JournalCorruptedError - A commit is damaged; what comes before it is in the partial file.
 * @throws InvalidArgumentError - An option isn't valid, the file is there, or so is a partial one and `resume` isn't given (or
 *   was begun with other options). Nothing was written.
 */
export async function exportStore(
  directory: string,
  destination: string,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const file = new ExportFile(destination);
  const log = new StoredLog(resolve(directory));
  try {
    return await exportTo(file, log, options);
  } finally {
    await file.close();
    await log.close();
  }
}

async function exportTo(
  file: ExportFile,
  log: StoredLog,
  options: ExportOptions,
): Promise<ExportReport> {
  const begun = existsSync(file.partial);
  if (begun && options.resume !== true)
    throw new InvalidArgumentError(
      "destination",
      `free of ${file.partial}, left by an export that was ended: give resume: true, or delete it`,
      file.path,
    );
  const wanted = headerOf(log, options);
  const { header, check } = begun
    ? await takeOver(file, wanted, options)
    : await beginNew(file, wanted);
  const report = reportTo(options, header.upTo);
  let last = check;
  for await (const block of blocksAfter(log, header, check)) {
    await file.write(block.lines);
    last = block.check;
    report(last.upTo, "events");
  }
  await file.finish();
  return { to: file.path, bytes: file.bytes, ...summaryOf(header, last) };
}

interface Begun {
  readonly header: ExportHeader;
  readonly check: ExportCheck;
}

async function beginNew(file: ExportFile, header: ExportHeader): Promise<Begun> {
  await file.begin(false);
  const { lines, check } = beginningOf(header);
  await file.write(lines);
  return { header, check };
}

/** Copies what is whole in the partial file; only then does the copy take its place, so another kill loses nothing. */
async function takeOver(
  file: ExportFile,
  wanted: ExportHeader,
  { upTo }: ExportOptions,
): Promise<Begun> {
  let reader: ExportReader;
  try {
    reader = await ExportReader.open(file.partial);
  } catch (error) {
    // It was ended before its first line came to the disk.
    if (error instanceof ExportDamagedError) return beginNew(file, wanted);
    throw error;
  }
  try {
    const { header } = reader;
    checkSameExport(header, upTo === undefined ? { ...wanted, upTo: header.upTo } : wanted);
    await file.begin(true);
    const beginning = beginningOf(header);
    await file.write(beginning.lines);
    let { check } = beginning;
    try {
      for await (const block of reader.blocks()) {
        await file.write(block.lines);
        check = block.check;
      }
    } catch (error) {
      // Where it was cut: what was read up to there is kept.
      if (!(error instanceof ExportDamagedError)) throw error;
    }
    await file.replaceBegun();
    return { header, check };
  } finally {
    await reader.close();
  }
}

function checkSameExport(begun: ExportHeader, wanted: ExportHeader): void {
  for (const field of ["storeId", "from", "upTo", "streams"] as const) {
    if (JSON.stringify(begun[field]) !== JSON.stringify(wanted[field]))
      throw new InvalidArgumentError(
        field,
        `${JSON.stringify(begun[field])}, as of the export that was begun`,
        JSON.stringify(wanted[field]),
      );
  }
}

/**
 * The lines of an export, as `exportStore` writes them, each with its newline: for a stream of one's own. Where the
 * iteration is ended early, the directory is let go.
 *
 * @param directory - As given to `openRuntime`.
 * @throws What `exportStore` throws.
 */
export async function* exportLines(
  directory: string,
  selection: ExportSelection = {},
): AsyncGenerator<string> {
  const log = new StoredLog(resolve(directory));
  try {
    const header = headerOf(log, selection);
    const beginning = beginningOf(header);
    yield* beginning.lines;
    for await (const { lines } of blocksAfter(log, header, beginning.check)) yield* lines;
  } finally {
    await log.close();
  }
}

/**
 * Reads an export and checks every line of it. Writes nothing.
 *
 * @param source - A file, compressed or not, or its bytes.
 * @throws ExportDamagedError - It was cut, changed or put together anew; names the line.
 */
export async function checkExport(
  source: ExportSource,
  options: MaintenanceOptions = {},
): Promise<ExportSummary> {
  const reader = await ExportReader.open(source);
  try {
    const { header } = reader;
    const report = reportTo(options, header.upTo);
    let check = reader.beginning;
    for await (const block of reader.blocks()) {
      ({ check } = block);
      report(check.upTo, "events");
    }
    reader.assertEnded();
    return { header, ...summaryOf(header, check) };
  } finally {
    await reader.close();
  }
}

function summaryOf(header: ExportHeader, check: ExportCheck) {
  const { storeId, from, upTo } = header;
  const { commits, events, sha256 } = check;
  return { storeId, from, upTo, commits, events, sha256, importable: isWhole(header) };
}
