/**
 * The port for traces. What is recorded in a trace says so in the headers of its events, as the W3C writes it, and whoever handles them
 * later goes on from there. What isn't recorded costs nothing further: nothing travels, and nothing that it leads to is traced.
 */
import { TidemarkError } from "./errors.js";

/** How a trace goes on elsewhere: headers as the W3C writes them. */
export interface TraceContext {
  readonly traceparent: string;
  readonly tracestate?: string;
}

/** Something that takes time, and is recorded. */
export interface Span {
  readonly context: TraceContext;
  /** With it as the one in which the caller of others is. */
  run<T>(work: () => T): T;
  /**
   * It is over.
   *
   * @param failure - Why it didn't succeed, as an error code; an answer that refuses isn't a failure.
   */
  end(attributes?: SpanAttributes, failure?: string): void;
}

/** Ids, names, numbers and codes; never what somebody has put into a command or an event. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Which side of a message or a call it is, in the words of OpenTelemetry. */
export type SpanKind = "internal" | "server" | "client" | "producer" | "consumer";

/** Makes spans; `openTelemetry()` of `tidemark/telemetry` is one. */
export interface Tracer {
  /** The span in which the caller is, recorded or not; undefined where there is none. */
  active(): TraceContext | undefined;
  /**
   * Begins a span.
   *
   * @param parent - Where it belongs; undefined for {@link Tracer.active}, or a new trace.
   * @returns Undefined where it isn't recorded.
   */
  start(
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    parent: TraceContext | undefined,
  ): Span | undefined;
}

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE_LENGTH_MAX = 512;

/** Whether it is one that can be gone on from. */
export function isTraceparent(value: unknown): value is string {
  return typeof value === "string" && TRACEPARENT.test(value);
}

/** Whether it may travel beside a traceparent. */
export function isTracestate(value: unknown): value is string {
  return typeof value === "string" && value.length <= TRACESTATE_LENGTH_MAX;
}

/** What an error is called in a trace: its text might say what somebody has put into a command. */
export function errorType(error: unknown): string {
  if (error instanceof TidemarkError) return error.code;
  return error instanceof Error ? error.name : "error";
}

/** What headers say of a trace; undefined where they say nothing that can be gone on from. */
export function traceOf(
  headers: Readonly<Record<string, unknown>> | undefined,
): TraceContext | undefined {
  if (headers === undefined) return undefined;
  const { traceparent, tracestate } = headers;
  if (!isTraceparent(traceparent)) return undefined;
  return isTracestate(tracestate) && tracestate !== ""
    ? { traceparent, tracestate }
    : { traceparent };
}

/** Headers that go on from `context`, whatever they said of a trace before. */
export function tracedHeaders(
  headers: Readonly<Record<string, unknown>> | undefined,
  context: TraceContext,
): Readonly<Record<string, unknown>> {
  const { traceparent: _parent, tracestate: _state, ...others } = headers ?? {};
  return { ...others, ...context };
}

/** Ends a span with what it is of. */
export async function spanned<T>(span: Span, work: Promise<T>): Promise<T> {
  try {
    const result = await work;
    span.end();
    return result;
  } catch (error) {
    span.end({}, errorType(error));
    throw error;
  }
}

/** The same tracer, unable to fail: a trace that can't be told must not cost anybody an answer. */
export function safeTracer(tracer: Tracer): Tracer {
  return {
    active() {
      try {
        return tracer.active();
      } catch {
        return undefined;
      }
    },
    // Written out: it is asked for each command, and most aren't recorded.
    start(name, kind, attributes, parent) {
      try {
        const span = tracer.start(name, kind, attributes, parent);
        return span === undefined ? undefined : safeSpan(span);
      } catch {
        return undefined;
      }
    },
  };
}

function safeSpan(span: Span): Span {
  return {
    context: span.context,
    run: (work) => span.run(work),
    end(attributes, failure) {
      try {
        span.end(attributes, failure);
      } catch {
        // There is nobody left to tell.
      }
    },
  };
}
