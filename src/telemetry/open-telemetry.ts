/** Traces through the API of OpenTelemetry. What is recorded, and where it goes, is the SDK's that the service has set up. */
import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind as OtelKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span as OtelSpan,
  type SpanContext,
  type TracerProvider,
} from "@opentelemetry/api";
import {
  InvalidArgumentError,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type TraceContext,
  type Tracer,
} from "../index.js";

/** What `openTelemetry` may be given. */
export interface OpenTelemetryOptions {
  /** Defaults to the one that is registered globally. */
  readonly provider?: TracerProvider;
  /**
   * Share of the traces that begin here, from 0 to 1, of which the SDK is told at all; defaults to 1. The sampler of the SDK decides about
   * these. One that isn't chosen costs a random number, and not the microsecond or so that a span costs that isn't recorded. What
   * belongs to a trace that began elsewhere is always told.
   */
  readonly rootRatio?: number;
}

const KINDS: Readonly<Record<SpanKind, OtelKind>> = {
  internal: OtelKind.INTERNAL,
  server: OtelKind.SERVER,
  client: OtelKind.CLIENT,
  producer: OtelKind.PRODUCER,
  consumer: OtelKind.CONSUMER,
};

/**
 * Spans of commands, commits, handled events and messages: `openRuntime({ …, telemetry: { tracer: openTelemetry() } })`. Which traces
 * are recorded is decided by the sampler of the SDK, where each begins.
 *
 * @throws InvalidArgumentError - `rootRatio` isn't from 0 to 1.
 */
export function openTelemetry({ provider, rootRatio = 1 }: OpenTelemetryOptions = {}): Tracer {
  if (!(rootRatio >= 0 && rootRatio <= 1))
    throw new InvalidArgumentError("rootRatio", "from 0 to 1", rootRatio);
  const tracer = (provider ?? trace.getTracerProvider()).getTracer("tidemark");
  return {
    active() {
      const found = trace.getSpanContext(context.active());
      return found === undefined || !trace.isSpanContextValid(found) ? undefined : carried(found);
    },
    start(name, kind, attributes, parent) {
      const within = parent === undefined ? context.active() : continued(parent);
      const isRoot = parent === undefined && trace.getSpanContext(within) === undefined;
      if (isRoot && rootRatio < 1 && Math.random() >= rootRatio) return undefined;
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, within);
      return span.isRecording() ? new RecordedSpan(span, within) : undefined;
    },
  };
}

class RecordedSpan implements Span {
  readonly context: TraceContext;
  readonly #span: OtelSpan;
  readonly #within: Context;

  constructor(span: OtelSpan, within: Context) {
    this.#span = span;
    this.#within = within;
    this.context = carried(span.spanContext());
  }

  run<T>(work: () => T): T {
    return context.with(trace.setSpan(this.#within, this.#span), work);
  }

  end(attributes?: SpanAttributes, failure?: string): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (failure !== undefined) {
      this.#span.setAttribute("error.type", failure);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    }
    this.#span.end();
  }
}

/** As the W3C writes it. */
function carried({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext {
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  const tracestate = traceState?.serialize();
  return tracestate === undefined || tracestate === ""
    ? { traceparent }
    : { traceparent, tracestate };
}

function continued({ traceparent, tracestate }: TraceContext): Context {
  const [, traceId = "", spanId = "", flags = ""] = traceparent.split("-");
  const isSampled = (Number.parseInt(flags, 16) & TraceFlags.SAMPLED) !== 0;
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  });
}
