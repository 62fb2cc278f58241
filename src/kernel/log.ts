import { TidemarkError } from "./errors.js";
import type { TraceContext, Tracer } from "./tracer.js";

/** The port for structured logs; its shape fits pino and its relatives as they are. What it throws is ignored. */
export interface Logger {
  /** Of interest when something is looked for. */
  debug(fields: object, message: string): void;
  /** Something that happens now and then, and is as it should be. */
  info(fields: object, message: string): void;
  /** It works, and somebody should look at it. */
  warn(fields: object, message: string): void;
  /** Something didn't work, and no caller was there to be told. */
  error(fields: object, message: string): void;
}

/** Says nothing: the default of a library that is embedded. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * The same logger, unable to fail: a log line that throws must not cost anybody an answer. Errors become plain data under their names,
 * since loggers know one name for an error at the most; and where the caller is in a trace, the line says in which.
 */
export function safeLogger(logger: Logger, tracer?: Tracer): Logger {
  const guarded = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      logger[level]({ ...plainFields(fields), ...traceFields(fields, tracer) }, message);
    } catch {
      // There is nobody left to tell.
    }
  };
  return {
    debug: guarded("debug"),
    info: guarded("info"),
    warn: guarded("warn"),
    error: guarded("error"),
  };
}

/** An error as a log has it. */
interface LoggedError {
  readonly type: string;
  readonly code?: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

const CAUSES_MAX = 5;
const GIVEN = "given: ";

function plainFields(fields: object): object {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    plain[name] = value instanceof Error ? errorOf(value, shownBy(value)) : (value as unknown);
  return plain;
}

function errorOf(error: Error, shown: readonly string[], causes = CAUSES_MAX): LoggedError {
  const { name, stack, cause } = error;
  const message = shown.reduce(
    (text, value) => text.replaceAll(value, value.startsWith(GIVEN) ? `${GIVEN}…` : "…"),
    error.message,
  );
  // Before its frames it has the message again.
  const frames = stack?.split("\n").filter((line) => /^\s+at /.test(line));
  return {
    type: name,
    ...(error instanceof TidemarkError ? { code: error.code } : {}),
    message,
    ...(frames === undefined ? {} : { stack: frames.join("\n") }),
    ...(cause instanceof Error && causes > 0 ? { cause: errorOf(cause, shown, causes - 1) } : {}),
  };
}

/**
 * What the texts of an error and its causes show of commands and events: for a caller, who has it anyway, and not for a log. Of the
 * texts of a user's own errors nothing is known.
 */
function shownBy(error: Error): string[] {
  const shown: string[] = [];
  let each: unknown = error;
  for (let depth = 0; each instanceof Error && depth <= CAUSES_MAX; depth++) {
    const { given, claimKey } = each as { readonly given?: unknown; readonly claimKey?: unknown };
    if (typeof given === "string") shown.push(GIVEN + given);
    if (typeof claimKey === "string") shown.push(JSON.stringify(claimKey));
    each = each.cause;
  }
  return shown;
}

/** Named as OpenTelemetry names them in logs that aren't its own: of where the caller is, else of the event that failed. */
function traceFields(fields: object, tracer: Tracer | undefined): object {
  const trace = tracer?.active() ?? Object.values(fields).map(traceOfError).find(isTrace);
  if (trace === undefined) return {};
  const [, traceId, spanId, flags] = trace.traceparent.split("-");
  return { trace_id: traceId, span_id: spanId, trace_flags: flags };
}

function traceOfError(value: unknown): TraceContext | undefined {
  return value instanceof Error ? (value as { readonly trace?: TraceContext }).trace : undefined;
}

function isTrace(trace: TraceContext | undefined): trace is TraceContext {
  return trace !== undefined;
}
