/** The span of an event that a reader handles, in the trace of the commit that recorded it. */
import type { Clock } from "../kernel/clock.js";
import type { RecordedEvent } from "../kernel/event.js";
import { errorType, traceOf, type Span, type Tracer } from "../kernel/tracer.js";

export interface EventTracing {
  readonly clock: Clock;
  readonly tracer?: Tracer;
}

/** Later it isn't the same request any more: a rebuild must not write into the traces of years. */
const TRACED_FOR_MS = 3_600_000;

/** Undefined where the event isn't traced, which most aren't. */
function spanOf(
  { tracer, clock }: EventTracing,
  kind: string,
  reader: string,
  event: RecordedEvent,
): Span | undefined {
  if (tracer === undefined || event.headers === undefined) return undefined;
  const trace = traceOf(event.headers);
  if (trace === undefined || clock.nowMs() - event.recordedAtMs > TRACED_FOR_MS) return undefined;
  const attributes = {
    "messaging.system": "tidemark",
    "messaging.operation.type": "process",
    "messaging.destination.name": reader,
    "messaging.message.id": event.eventId,
    "tidemark.event": event.type,
    "tidemark.reader": kind,
  };
  return tracer.start(`handle ${reader}`, "consumer", attributes, trace);
}

/** Handles an event at once. */
export function handledInSpan<T>(
  ports: EventTracing,
  reader: string,
  event: RecordedEvent,
  handle: () => T,
): T {
  const span = spanOf(ports, "projection", reader, event);
  if (span === undefined) return handle();
  try {
    const result = span.run(handle);
    span.end();
    return result;
  } catch (error) {
    span.end({}, errorType(error));
    throw error;
  }
}

/** Handles an event in its own time. */
export async function handlingInSpan(
  ports: EventTracing,
  kind: "reactor" | "external",
  reader: string,
  event: RecordedEvent,
  handle: (span: Span | undefined) => Promise<void> | void,
): Promise<void> {
  const span = spanOf(ports, kind, reader, event);
  if (span === undefined) return handle(undefined);
  try {
    await span.run(() => handle(span));
    span.end();
  } catch (error) {
    span.end({}, errorType(error));
    throw error;
  }
}
