/** What an export consists of, made block by block from the log, with as much in memory as a block. */
import type { StoredLog } from "../../journal/index.js";
import {
  CREATED_BY,
  eventCountOf,
  recordForm,
  sealOf,
  type LoggedRecord,
} from "../../journal/index.js";
import { checkArray, checkInteger } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { systemClock } from "../kernel/system-clock.js";
import {
  BLOCK_COMMITS_MAX,
  checkLine,
  endLine,
  firstDigest,
  headerLine,
  line,
  nextDigest,
  type ExportCheck,
  type ExportHeader,
} from "./export-format.js";

/** Which commits are exported. */
export interface ExportSelection {
  /** From the commit that holds this position; defaults to 1, the beginning. */
  readonly from?: Position;
  /** Up to the commit that holds this position; defaults to the head when the export begins. */
  readonly upTo?: Position;
  /**
   * Ids of streams (`account/7`), or their types followed by `/*` (`account/*`). Defaults to all. Of a commit of several
   * streams only these are exported. Such an export can't be imported: it is for people and for analysis.
   */
  readonly streams?: readonly string[];
}

/** Lines that belong together: the header, a block with the check behind it, or the end. */
export interface LineBlock {
  readonly lines: readonly string[];
  /** What holds after it. */
  readonly check: ExportCheck;
}

/** A block is also closed once it has so many. */
const BLOCK_CHARACTERS = 1024 * 1024;

/** The header of an export of a store as it is now. @throws InvalidArgumentError - The selection isn't valid. */
export function headerOf(log: StoredLog, selection: ExportSelection): ExportHeader {
  const head = log.head();
  const { from = 1, upTo = head, streams } = selection;
  checkInteger("from", from, 1, Number.MAX_SAFE_INTEGER);
  if (upTo !== head || selection.upTo !== undefined) checkInteger("upTo", upTo, 0, head);
  if (streams !== undefined) checkStreams(streams);
  const { storeId, createdAt, createdBy } = log.manifest;
  const store = { storeId, createdAt, createdBy, writtenBy: CREATED_BY };
  return { ...store, from, upTo, streams: streams ?? null };
}

function checkStreams(streams: readonly string[]): void {
  checkArray("streams", streams, 1);
  for (const each of streams) {
    checkId("streams", each);
    if (!/^[^/]+\/./.test(each))
      throw new InvalidArgumentError("streams", "ids of streams, or types followed by /*", each);
  }
}

/** What holds after the header. */
export function beginningOf(header: ExportHeader): LineBlock {
  const first = headerLine(header);
  const sha256 = firstDigest(first);
  return { lines: [first], check: { upTo: header.from - 1, commits: 0, events: 0, sha256 } };
}

/** The blocks behind `check`, and the end. Others have their turn between two blocks. */
export async function* blocksAfter(
  log: StoredLog,
  header: ExportHeader,
  check: ExportCheck,
): AsyncGenerator<LineBlock> {
  yield* blocksOf(exportedFrom(log, header, Math.max(header.from, check.upTo + 1)), check);
}

function* exportedFrom(
  log: StoredLog,
  { upTo, streams }: ExportHeader,
  from: Position,
): Generator<Exported> {
  const wanted = streams === null ? undefined : streamMatcher(streams);
  for (const logged of log.commits(from, upTo)) yield exportedOf(logged, wanted);
}

/** The blocks of these lines behind `check`, and the end. */
export async function* blocksOf(
  lines: Iterable<Exported>,
  check: ExportCheck,
): AsyncGenerator<LineBlock> {
  let block = new GrowingBlock(check);
  let reached = check.upTo;
  for (const exported of lines) {
    reached = exported.upTo;
    if (exported.form !== undefined) block.add(exported);
    if (!block.isFull()) continue;
    const closed = block.closed(reached);
    yield closed;
    await new Promise<void>((resolve) => systemClock.defer(resolve));
    block = new GrowingBlock(closed.check);
  }
  let last = block.before;
  if (block.count > 0 || reached > last.upTo) {
    const closed = block.closed(reached);
    yield closed;
    last = closed.check;
  }
  yield { lines: [endLine(last)], check: last };
}

class GrowingBlock {
  readonly before: ExportCheck;
  readonly #lines: string[] = [];
  #characters = 0;
  #events = 0;

  constructor(before: ExportCheck) {
    this.before = before;
  }

  get count(): number {
    return this.#lines.length;
  }

  add({ form, events }: Exported): void {
    const text = line(form);
    this.#lines.push(text);
    this.#characters += text.length;
    this.#events += events;
  }

  isFull(): boolean {
    return this.#lines.length >= BLOCK_COMMITS_MAX || this.#characters >= BLOCK_CHARACTERS;
  }

  closed(upTo: Position): LineBlock {
    const { before } = this;
    const check = {
      upTo,
      commits: before.commits + this.#lines.length,
      events: before.events + this.#events,
      sha256: nextDigest(before.sha256, this.#lines),
    };
    return { lines: [...this.#lines, checkLine(check)], check };
  }
}

/** A commit as its line says it. */
export interface Exported {
  /** Undefined where nothing of it is exported. */
  readonly form: unknown;
  readonly events: number;
  /** Position of its last event. */
  readonly upTo: Position;
}

type Matcher = (streamId: string) => boolean;

function streamMatcher(streams: readonly string[]): Matcher {
  const ids = new Set(streams.filter((each) => !each.endsWith("/*")));
  const prefixes = streams.filter((each) => each.endsWith("/*")).map((each) => each.slice(0, -1));
  return (streamId) => ids.has(streamId) || prefixes.some((prefix) => streamId.startsWith(prefix));
}

function exportedOf({ record, bytes }: LoggedRecord, wanted?: Matcher): Exported {
  const upTo = record.position + eventCountOf(record) - 1;
  const isWhole = wanted === undefined || record.parts.every(({ streamId }) => wanted(streamId));
  // The checksum of the record as it stands in the log: whoever imports it can tell that nothing was lost on the way.
  if (isWhole)
    return {
      form: { ...recordForm(record), crc: sealOf(bytes) },
      events: eventCountOf(record),
      upTo,
    };
  if (!record.parts.some(({ streamId }) => wanted(streamId)))
    return { form: undefined, events: 0, upTo };
  const form = recordForm(record);
  const streams = form.streams.filter(({ streamId }) => wanted(streamId));
  const claims =
    record.claims.length === 0 ? {} : { claims: form.claims?.filter(({ owner }) => wanted(owner)) };
  const position = streams[0]?.position;
  const events = streams.reduce((sum, stream) => sum + stream.events.length, 0);
  return { form: { ...form, position, streams, ...claims }, events, upTo };
}
