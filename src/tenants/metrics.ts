/** Figures of tenants as metrics: of all together, and, where that is wanted, of each open one. */
import { counter, gauge, histogram, one, type MetricFamily } from "../runtime/metrics/metric.js";
import { familiesOf } from "../runtime/metrics/metrics.js";
import type { TenantsStatus, TenantStatus } from "./status.js";

const MS = 1e-3;

const ofAll = (value: (status: TenantsStatus) => number) => one<TenantsStatus>(value);
const ofEach = (value: (tenant: TenantStatus) => number) => (status: TenantsStatus) =>
  status.tenants.map((tenant) => [tenant.tenantId, value(tenant)] as const);
const sum = (values: readonly number[]) => values.reduce((all, each) => all + each, 0);

const ALL = [
  gauge(
    "tenants_known",
    [],
    "Tenants there are.",
    ofAll(({ known }) => known),
  ),
  gauge(
    "tenants_open",
    [],
    "Of those, the ones that are open.",
    ofAll(({ open }) => open),
  ),
  gauge(
    "tenants_in_use",
    [],
    "Of those, the ones in use.",
    ofAll(({ inUse }) => inUse),
  ),
  gauge(
    "tenants_waiting_uses",
    [],
    "Uses that wait for room.",
    ofAll(({ waiting }) => waiting),
  ),
  gauge(
    "tenants_to_wake",
    [],
    "Closed tenants that will be opened for timers or commands of their own.",
    ofAll(({ toWake }) => toWake),
  ),
  gauge(
    "tenants_failing",
    [],
    "Tenants that couldn't be opened the last time.",
    ofAll(({ failing }) => failing),
  ),
  gauge(
    "tenants_health",
    ["state"],
    "Open tenants by their health.",
    ({ tenants }: TenantsStatus) =>
      (["healthy", "degraded", "unhealthy"] as const).map(
        (state) => [state, tenants.filter(({ health }) => health === state).length] as const,
      ),
  ),
  gauge(
    "tenants_lag_events_max",
    [],
    "Events that the reader that is furthest behind, of any open tenant, has to handle.",
    ofAll(({ tenants }) => Math.max(0, ...tenants.map(({ lagEvents }) => lagEvents))),
  ),
  gauge(
    "tenants_disk_bytes",
    [],
    "Bytes on disk of open tenants.",
    ofAll(({ tenants }) => sum(tenants.map(({ diskBytes }) => diskBytes))),
  ),
  gauge(
    "tenants_actors_active",
    [],
    "Entities in memory, of all tenants.",
    ofAll(({ activations }) => activations),
  ),
  gauge(
    "tenants_actors_state_bytes",
    [],
    "Bytes of their states.",
    ofAll(({ stateBytes }) => stateBytes),
  ),
  counter("tenants_openings_total", ["outcome"], "Openings.", (status: TenantsStatus) => [
    ["opened", status.opened],
    ["failed", status.openingsFailed],
  ]),
  counter(
    "tenants_closed_total",
    [],
    "Tenants closed.",
    ofAll(({ closed }) => closed),
  ),
  counter(
    "tenants_refused_uses_total",
    [],
    "Uses that found no room in time.",
    ofAll(({ full }) => full),
  ),
  histogram(
    "tenants_opening_seconds",
    [],
    "How long openings took, those that failed left out.",
    ({ openingMs }: TenantsStatus) => [[{ histogram: openingMs, scale: MS }]],
  ),
];

const EACH = [
  gauge(
    "tenant_uses",
    ["tenant"],
    "Uses and leases that have it.",
    ofEach(({ leases }) => leases),
  ),
  gauge(
    "tenant_disk_bytes",
    ["tenant"],
    "Bytes on disk.",
    ofEach(({ diskBytes }) => diskBytes),
  ),
  gauge(
    "tenant_actors_state_bytes",
    ["tenant"],
    "Bytes of its entities in memory.",
    ofEach(({ stateBytes }) => stateBytes),
  ),
  gauge(
    "tenant_lag_events",
    ["tenant"],
    "Events that its reader that is furthest behind has to handle.",
    ofEach(({ lagEvents }) => lagEvents),
  ),
];

/** What {@link Tenants.metrics} is told. */
export interface TenantMetricsOptions {
  /** Whether open tenants have series of their own, too, with their id as a label; defaults to false. */
  readonly byTenant?: boolean;
}

export function tenantMetricsOf(
  status: TenantsStatus,
  { byTenant = false }: TenantMetricsOptions,
): readonly MetricFamily[] {
  return familiesOf(byTenant ? [...ALL, ...EACH] : ALL, status);
}
