/** Events found by what they are of and what is in them. */
import type { Position, RecordedEvent } from "../kernel/event.js";
import { toJsonForm } from "../kernel/json-form.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";
import type { EventsPage, EventsQuery, ShownEvent } from "./event-shapes.js";
import type { Administered } from "./administered.js";
import type { Caller } from "./caller.js";
import { positionAt, scanLog, type LogPart } from "./log-scan.js";

/** Events looked at for one page. */
const SCANNED_MAX = 50_000;
const LIMIT = 100;

/** An event for whoever asks. */
export function shownEvent(event: RecordedEvent, { payloads }: Caller): ShownEvent {
  const { causationId, headers } = event;
  return {
    position: event.position,
    stream: event.streamId,
    version: event.version,
    type: event.type,
    shape: event.shape,
    recordedAtMs: event.recordedAtMs,
    correlationId: event.correlationId,
    ...(causationId === undefined ? {} : { causationId }),
    ...(payloads ? { data: event.data } : { hidden: true }),
    ...(payloads && headers !== undefined ? { headers } : {}),
  };
}

/** One page of what fits; where nothing does, and `waitMs` says so, what comes. */
export async function searchEvents(
  parts: Administered,
  query: EventsQuery,
  caller: Caller,
  signal: AbortSignal,
): Promise<EventsPage> {
  const { clock } = parts;
  const untilMs = clock.monotonicMs() + (query.waitMs ?? 0);
  let after = query.after ?? 0;
  for (;;) {
    const page = await pageOf(parts, { ...query, after }, caller, signal);
    const leftMs = untilMs - clock.monotonicMs();
    const isDone = page.events.length > 0 || page.next !== undefined;
    if (isDone || query.direction === "backward" || leftMs <= 0 || signal.aborted) return page;
    after = page.scannedTo;
    await committed(parts, page.head, leftMs, signal);
  }
}

async function pageOf(
  parts: Administered,
  query: EventsQuery,
  caller: Caller,
  signal: AbortSignal,
): Promise<EventsPage> {
  const { journal, clock } = parts;
  const { limit = LIMIT, direction = "forward" } = query;
  const head = journal.head();
  const part = partOf(parts, query, head);
  const fits = matcherOf(query, caller);
  const events: ShownEvent[] = [];
  let scannedTo = direction === "forward" ? part.after : part.upTo + 1;
  let scanned = 0;
  for await (const page of scanLog(journal, clock, part, direction)) {
    for (const event of page.events) {
      if (!fits(event)) continue;
      events.push(shownEvent(event, caller));
      if (events.length === limit)
        return { events, head, next: event.position, scannedTo: event.position };
    }
    scannedTo = page.scannedTo;
    scanned += page.events.length + 1;
    if (scanned >= SCANNED_MAX || signal.aborted)
      return { events, head, next: scannedTo, scannedTo };
  }
  const end = direction === "forward" ? Math.max(part.upTo, part.after) : part.after + 1;
  return { events, head, scannedTo: end };
}

function partOf({ journal }: Administered, query: EventsQuery, head: Position): LogPart {
  const { fromMs, toMs, streamTypes, types, stream } = query;
  const after = Math.max(
    query.after ?? 0,
    fromMs === undefined ? 0 : positionAt(journal, fromMs - 1),
  );
  const upTo = Math.min(
    head,
    (query.before ?? Infinity) - 1,
    toMs === undefined ? Infinity : positionAt(journal, toMs),
  );
  return {
    after,
    upTo,
    stream,
    filter: {
      ...(streamTypes === undefined ? {} : { streamTypes }),
      ...(types === undefined ? {} : { eventTypes: types }),
    },
  };
}

/** What the index doesn't answer for. */
function matcherOf(query: EventsQuery, caller: Caller): (event: RecordedEvent) => boolean {
  const { stream, streamTypes, types, correlationId, withoutOwn } = query;
  const text = query.text?.toLowerCase();
  return (event) => {
    if (withoutOwn === true && event.streamType === AUDIT_STREAM_TYPE) return false;
    if (correlationId !== undefined && event.correlationId !== correlationId) return false;
    if (stream !== undefined) {
      if (streamTypes !== undefined && !streamTypes.includes(event.streamType)) return false;
      if (types !== undefined && !types.includes(event.type)) return false;
    }
    return text === undefined || text === "" || holds(event, text, caller);
  };
}

/** Whoever may not see data may not find out what is in it. */
function holds({ streamId, type, data }: RecordedEvent, text: string, { payloads }: Caller) {
  if (`${streamId}\n${type}`.toLowerCase().includes(text)) return true;
  return payloads && JSON.stringify(toJsonForm(data)).toLowerCase().includes(text);
}

/** Resolves once something is behind the head, the time is over, or nobody waits. */
function committed(
  { journal, clock }: Administered,
  head: Position,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      endListening();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.setTimer(Math.max(1, waitMs), done);
    const endListening = journal.onCommitted(done);
    signal.addEventListener("abort", done);
    // What came while this was set up nobody tells again.
    if (signal.aborted || journal.head() > head) done();
  });
}
