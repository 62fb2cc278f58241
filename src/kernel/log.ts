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

/** The same logger, unable to fail: a log line that throws must not cost anybody an answer. */
export function safeLogger(logger: Logger): Logger {
  const guarded = (level: keyof Logger) => (fields: object, message: string) => {
    try {
      logger[level](fields, message);
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
