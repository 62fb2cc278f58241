/** Spans as the SDK of OpenTelemetry records them, kept in memory. */
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { context } from "@opentelemetry/api";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
} from "@opentelemetry/sdk-trace-base";
import { openTelemetry } from "tidemark/telemetry";

export class RecordedTraces {
  readonly #exporter = new InMemorySpanExporter();
  readonly provider: BasicTracerProvider;

  constructor(root: Sampler = new AlwaysOnSampler()) {
    this.provider = new BasicTracerProvider({
      sampler: new ParentBasedSampler({ root }),
      spanProcessors: [new SimpleSpanProcessor(this.#exporter)],
    });
  }

  get telemetry() {
    return { tracer: openTelemetry({ provider: this.provider }) };
  }

  spans(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  /** Names from the root to the span, for each span that ended. */
  paths(): string[] {
    const byId = new Map(this.spans().map((span) => [span.spanContext().spanId, span]));
    const pathOf = (span: ReadableSpan): string => {
      const parent = span.parentSpanContext && byId.get(span.parentSpanContext.spanId);
      return parent === undefined ? span.name : `${pathOf(parent)} > ${span.name}`;
    };
    return this.spans().map(pathOf).sort();
  }

  traceIds(): string[] {
    return [...new Set(this.spans().map((span) => span.spanContext().traceId))];
  }
}

/** With the active span following asynchronous work, as the SDK of Node sets it up. */
export async function withContextManager<T>(work: () => Promise<T>): Promise<T> {
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  try {
    return await work();
  } finally {
    context.disable();
  }
}
