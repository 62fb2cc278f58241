/**
 * Metrics for Prometheus, traces for OpenTelemetry: `prometheus(runtime)` needs the package `prom-client`, `openTelemetry()` the package
 * `@opentelemetry/api`. See docs/guides/telemetry.md.
 *
 * @packageDocumentation
 */
export {
  prometheus,
  type MetricsPage,
  type MetricsRegistry,
  type MetricSource,
  type PrometheusOptions,
} from "./prometheus.js";
export { openTelemetry, type OpenTelemetryOptions } from "./open-telemetry.js";
