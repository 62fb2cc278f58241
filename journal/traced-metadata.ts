/** Where a message comes from, with the trace that it belongs to. */
import type { Metadata } from "../src/kernel/event.js";
import type { Limits } from "../src/kernel/limits.js";
import { tracedHeaders, type TraceContext } from "../src/kernel/tracer.js";
import { checkMetadata } from "./admission.js";

/** As given where the user's own headers leave no room: rather no trace than a command that fails. */
export function tracedMetadata(
  metadata: Metadata | undefined,
  trace: TraceContext,
  limits: Limits,
): Metadata {
  const traced = { ...metadata, headers: tracedHeaders(metadata?.headers, trace) };
  try {
    checkMetadata(traced, limits);
    return traced;
  } catch {
    return metadata ?? {};
  }
}
