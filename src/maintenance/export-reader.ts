/** Reads an export block by block, and hands out nothing of a block before its check was seen to match. */
import { createReadStream, openSync, closeSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";
import {
  encodeRecord,
  recordOfForm,
  sealOf,
  type CommitRecord,
  type RecordBytes,
} from "../../journal/index.js";
import { asError, hasCode, InvalidArgumentError } from "../kernel/errors.js";
import {
  checkLine,
  EXPORT_FORMAT,
  EXPORT_FORMAT_VERSION,
  BLOCK_COMMITS_MAX,
  ExportDamagedError,
  endLine,
  firstDigest,
  isWhole,
  nextDigest,
  type ExportCheck,
  type ExportHeader,
} from "./export-format.js";
import { linesOf } from "./lines.js";

/** Where an export comes from: a file, compressed or not, or its bytes. */
export type ExportSource = string | AsyncIterable<Uint8Array | string>;

/** A commit of an export, and its bytes as they stand in a log. */
export interface ExportedCommit extends RecordBytes {
  readonly record: CommitRecord;
}

/** Lines that were seen to be as they were written. */
export interface ReadBlock {
  readonly commits: readonly ExportedCommit[];
  /** The lines themselves, with that of the check. */
  readonly lines: readonly Buffer[];
  readonly check: ExportCheck;
  /** Line of the first commit, counted from 1. */
  readonly firstLine: number;
}

const GZIP = [0x1f, 0x8b];

export class ExportReader {
  readonly header: ExportHeader;
  readonly beginning: ExportCheck;
  readonly #lines: AsyncGenerator<Buffer>;
  #line = 1;
  #ended = false;

  private constructor(header: ExportHeader, lines: AsyncGenerator<Buffer>, first: Buffer) {
    this.header = header;
    this.#lines = lines;
    const sha256 = firstDigest(first);
    this.beginning = { upTo: header.from - 1, commits: 0, events: 0, sha256 };
  }

  /** @throws ExportDamagedError - It doesn't begin like an export that this version can read. */
  static async open(source: ExportSource): Promise<ExportReader> {
    const lines = linesOf(typeof source === "string" ? bytesOfFile(source) : source);
    const first = await nextOf(lines, 1);
    if (first === undefined) throw new ExportDamagedError(1, "there is none");
    return new ExportReader(headerIn(first), lines, first);
  }

  /** Whether the end line was read: nothing is missing. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * The blocks, each once its check matched. Ends quietly where the file was cut behind a whole block; see
   * {@link ExportReader.assertEnded}.
   *
   * @throws ExportDamagedError - A line is damaged, missing, or in another place.
   */
  async *blocks(): AsyncGenerator<ReadBlock> {
    let check = this.beginning;
    for (;;) {
      const block = await this.#block(check);
      if (block === undefined) return;
      check = block.check;
      yield block;
    }
  }

  async #block(before: ExportCheck): Promise<ReadBlock | undefined> {
    const firstLine = this.#line + 1;
    const lines: Buffer[] = [];
    for (;;) {
      const text = await nextOf(this.#lines, this.#line + 1);
      if (text === undefined) {
        if (lines.length === 0) return undefined;
        throw new ExportDamagedError(this.#line + 1, "it is missing: the file was cut");
      }
      this.#line += 1;
      if (text.subarray(0, 6).equals(END_BEGINS)) {
        await this.#end(text, lines, before);
        return undefined;
      }
      if (text.subarray(0, 8).equals(CHECK_BEGINS))
        return this.#checked(lines, text, before, firstLine);
      lines.push(text);
      if (lines.length > BLOCK_COMMITS_MAX)
        throw new ExportDamagedError(this.#line, "a check is missing before it");
    }
  }

  #checked(lines: Buffer[], text: Buffer, before: ExportCheck, firstLine: number): ReadBlock {
    const parsed = lines.map((each, at) => parsedLine(each, firstLine + at));
    const commits = isWhole(this.header)
      ? parsed.map((json, at) => commitOf(json, firstLine + at))
      : [];
    const check: ExportCheck = {
      upTo: upToIn(parsedLine(text, this.#line)),
      commits: before.commits + lines.length,
      events: before.events + parsed.reduce<number>((sum, json) => sum + eventsIn(json), 0),
      sha256: nextDigest(before.sha256, lines),
    };
    if (text.toString() !== checkLine(check))
      throw new ExportDamagedError(
        firstLine,
        `this line or one up to ${this.#line} was changed, is missing, or was put elsewhere: the check there doesn't match`,
      );
    return { commits, lines: [...lines, text], check, firstLine };
  }

  async #end(text: Buffer, lines: readonly Buffer[], before: ExportCheck): Promise<void> {
    if (lines.length > 0 || text.toString() !== endLine(before))
      throw new ExportDamagedError(this.#line, "the end doesn't match what comes before it");
    if (before.upTo !== this.header.upTo)
      throw new ExportDamagedError(
        this.#line,
        `it ends at position ${before.upTo}, the header says ${this.header.upTo}`,
      );
    if ((await nextOf(this.#lines, this.#line + 1)) !== undefined)
      throw new ExportDamagedError(this.#line + 1, "there is something behind the end");
    this.#ended = true;
  }

  /** @throws ExportDamagedError - The end line wasn't reached. */
  assertEnded(): void {
    if (!this.#ended)
      throw new ExportDamagedError(this.#line + 1, "the end is missing: the file was cut");
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

const CHECK_BEGINS = Buffer.from('{"check"');
const END_BEGINS = Buffer.from('{"end"');

async function nextOf(lines: AsyncGenerator<Buffer>, line: number): Promise<Buffer | undefined> {
  try {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A file that can't be read isn't a damaged one.
    if (code !== undefined && !code.startsWith("Z_") && !hasCode(error, "export-lines"))
      throw error;
    throw new ExportDamagedError(line, asError(error).message);
  }
}

async function* bytesOfFile(path: string): AsyncGenerator<Uint8Array> {
  // Looked at first: a stream that nobody listens to yet would throw where nobody can catch it.
  const zipped = isGzip(path);
  const file = createReadStream(path);
  if (!zipped) {
    yield* file as AsyncIterable<Uint8Array>;
    return;
  }
  const unzipped = createGunzip();
  file.on("error", (error) => unzipped.destroy(error));
  yield* file.pipe(unzipped) as AsyncIterable<Uint8Array>;
}

/**
 * By what it begins with, not by its name: it may come from anywhere.
 *
 * @throws InvalidArgumentError - It can't be read.
 */
function isGzip(path: string): boolean {
  try {
    const handle = openSync(path, "r");
    try {
      const bytes = Buffer.alloc(GZIP.length);
      readSync(handle, bytes, 0, bytes.length, 0);
      return bytes.equals(Buffer.from(GZIP));
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw new InvalidArgumentError("source", "a file that can be read", path, { cause });
  }
}

type Json = Readonly<Record<string, unknown>>;

function parsedLine(text: Buffer, line: number): Json {
  let value: unknown;
  try {
    value = JSON.parse(text.toString());
  } catch {
    throw new ExportDamagedError(line, "it isn't JSON");
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new ExportDamagedError(line, "it isn't a JSON object");
}

function headerIn(text: Buffer): ExportHeader {
  const json = parsedLine(text, 1);
  const { format, formatVersion, storeId, createdAt, createdBy, writtenBy, from, upTo } = json;
  if (format !== EXPORT_FORMAT) throw new ExportDamagedError(1, "it isn't the header of an export");
  if (formatVersion !== EXPORT_FORMAT_VERSION)
    throw new ExportDamagedError(
      1,
      `its format version is ${JSON.stringify(formatVersion)}, this version of Tidemark reads ${EXPORT_FORMAT_VERSION}`,
    );
  const isPosition = (value: unknown): value is number => Number.isSafeInteger(value);
  const streams = json["streams"] as readonly string[] | null;
  const sound =
    typeof storeId === "string" &&
    /^[0-9a-f-]{36}$/.test(storeId) &&
    isPosition(from) &&
    isPosition(upTo) &&
    (streams === null || Array.isArray(streams));
  if (!sound) throw new ExportDamagedError(1, "its header can't be read");
  const names = { createdAt: String(createdAt), createdBy: String(createdBy) };
  return { storeId, ...names, writtenBy: String(writtenBy), from, upTo, streams };
}

function commitOf(json: Json, line: number): ExportedCommit {
  try {
    const record = recordOfForm(json);
    const bytes = Uint8Array.from(encodeRecord(record));
    if (sealOf(bytes) === json["crc"]) return { record, bytes, position: record.position };
  } catch (error) {
    throw new ExportDamagedError(line, asError(error).message);
  }
  throw new ExportDamagedError(line, "its checksum doesn't match what it says");
}

function eventsIn(json: Json): number {
  const streams = Array.isArray(json["streams"]) ? (json["streams"] as unknown[]) : [];
  return streams.reduce<number>((sum, stream) => {
    const events = (stream as { readonly events?: unknown } | null)?.events;
    return sum + (Array.isArray(events) ? events.length : 0);
  }, 0);
}

function upToIn(json: Json): number {
  return Number((json["check"] as { readonly upTo?: unknown } | null)?.upTo);
}
