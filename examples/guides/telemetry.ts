/** The code of the guide to telemetry. */
import { createServer, type Server } from "node:http";
import { openRuntime, type Runtime } from "tidemark";
import { openTelemetry, prometheus } from "tidemark/telemetry";
import { pino, type Logger } from "pino";
import { Account } from "./aggregates.js";

// #region open
export function openObserved(directory: string, logger: Logger = pino()): Promise<Runtime> {
  return openRuntime({
    directory,
    aggregates: [Account],
    telemetry: { tracer: openTelemetry() },
    logger,
  });
}
// #endregion

// #region metrics
export function serveMetrics(runtime: Runtime): Server {
  const page = prometheus(runtime, { labels: { service: "accounts" } });
  return createServer((_request, response) => {
    page().then(
      ({ contentType, body }) => response.setHeader("content-type", contentType).end(body),
      () => response.writeHead(500).end(),
    );
  });
}
// #endregion

// #region figures
export function busyness(runtime: Runtime): string {
  const { acceptedPerSecond, rejectedPerSecond, p99Ms } = runtime.status().commands.recent;
  return `${acceptedPerSecond} accepted and ${rejectedPerSecond} refused a second, p99 ${p99Ms} ms`;
}
// #endregion
