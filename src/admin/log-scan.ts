/**
 * Reading a part of the log forward or backward, by pages between which others have their turn. The journal pages forward; backward
 * it is windows, each read forward and turned round, which grow while they find little.
 */
import type { EventFilter, Journal } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Position, RecordedEvent, Version } from "../kernel/event.js";
import type { StreamId } from "../kernel/ids.js";

/** Which part of the log: the events behind `after`, up to `upTo`. */
export interface LogPart {
  readonly after: Position;
  readonly upTo: Position;
  readonly filter: EventFilter;
  /** Events of one stream only. */
  readonly stream: StreamId | undefined;
}

/** Some events in the direction of the scan, and up (or down) to where nothing was left out. */
export interface ScanPage {
  readonly events: readonly RecordedEvent[];
  readonly scannedTo: Position;
}

const PAGE_EVENTS = 256;
const WINDOW_MAX = 8_192;

/** A part of the log by pages. */
export async function* scanLog(
  journal: Journal,
  clock: Clock,
  part: LogPart,
  direction: "forward" | "backward",
): AsyncGenerator<ScanPage> {
  const pages = direction === "forward" ? forward(journal, part) : backward(journal, part);
  for (const page of pages) {
    yield page;
    await new Promise<void>((resolve) => clock.defer(resolve));
  }
}

function* forward(journal: Journal, part: LogPart): Generator<ScanPage> {
  const { upTo, filter, stream } = part;
  if (stream !== undefined) {
    yield* streamForward(journal, stream, part);
    return;
  }
  let after = part.after;
  while (after < upTo) {
    const { events, scannedTo } = journal.readPage({ after, upTo, limit: PAGE_EVENTS, filter });
    yield { events, scannedTo };
    after = scannedTo;
  }
}

function* streamForward(journal: Journal, stream: StreamId, part: LogPart): Generator<ScanPage> {
  const last = versionAt(journal, stream, part.upTo);
  let from = versionAt(journal, stream, part.after) + 1;
  while (from <= last) {
    const events = [...journal.readStream(stream, { from, upTo: last, limit: PAGE_EVENTS })];
    const end = events[events.length - 1];
    if (end === undefined || end.version >= last) {
      yield { events, scannedTo: part.upTo };
      return;
    }
    yield { events, scannedTo: end.position };
    from = end.version + 1;
  }
}

function* backward(journal: Journal, part: LogPart): Generator<ScanPage> {
  const { after, filter, stream } = part;
  if (stream !== undefined) {
    yield* streamBackward(journal, stream, part);
    return;
  }
  let upTo = part.upTo;
  let window = PAGE_EVENTS;
  while (upTo > after) {
    const begin = Math.max(after, upTo - window);
    const { events } = journal.readPage({ after: begin, upTo, limit: window, filter });
    yield { events: events.toReversed(), scannedTo: begin + 1 };
    upTo = begin;
    if (events.length < PAGE_EVENTS) window = Math.min(window * 2, WINDOW_MAX);
  }
}

function* streamBackward(journal: Journal, stream: StreamId, part: LogPart): Generator<ScanPage> {
  const first = versionAt(journal, stream, part.after) + 1;
  let upTo = versionAt(journal, stream, part.upTo);
  while (upTo >= first) {
    const options = { from: first, upTo, limit: PAGE_EVENTS, direction: "backward" } as const;
    const events = [...journal.readStream(stream, options)];
    const end = events[events.length - 1];
    if (end === undefined || end.version <= first) {
      yield { events, scannedTo: part.after + 1 };
      return;
    }
    yield { events, scannedTo: end.position };
    upTo = end.version - 1;
  }
}

/** The version that a stream had reached at a position; 0 where it wasn't there. */
export function versionAt(journal: Journal, stream: StreamId, position: Position): Version {
  let low = 0;
  let high = journal.streamVersion(stream);
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    // Of a truncated stream the first that can be read may be a later one.
    const [event] = journal.readStream(stream, { from: middle, limit: 1 });
    if (event === undefined || event.position > position) high = middle - 1;
    else low = event.version;
  }
  return low;
}

/** The last position that was recorded by then; 0 where there is none. Times never descend as positions ascend. */
export function positionAt(journal: Journal, timeMs: number): Position {
  let low = 0;
  let high = journal.head();
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    const [event] = journal.readPage({ after: middle - 1, upTo: middle, limit: 1 }).events;
    if (event === undefined || event.recordedAtMs > timeMs) high = middle - 1;
    else low = middle;
  }
  return low;
}
