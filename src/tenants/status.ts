/** What tenants tell of themselves. */
import { asError } from "../kernel/errors.js";
import type { HistogramFigures } from "../kernel/histogram.js";
import type { Health, HealthProblem, HealthState } from "../projections/status.js";
import type { RuntimeStatus } from "../runtime/status.js";
import type { TenantFailure } from "./failures.js";
import type { Slot } from "./slot.js";

/** Problems that are told at the most. */
const PROBLEMS_MAX = 100;

interface Lagging {
  readonly lagEvents: number;
}

/** An open tenant. */
export interface TenantStatus {
  readonly tenantId: string;
  /** Uses and leases that have it. */
  readonly leases: number;
  /** Wall time of the last one. */
  readonly usedAtMs: number;
  /** How long opening it took. */
  readonly openingMs: number;
  /** Position of its last event. */
  readonly head: number;
  /** Of the activations and bytes that all share. */
  readonly activations: number;
  readonly stateBytes: number;
  /** Bytes on disk. */
  readonly diskBytes: number;
  /** Events that the reader that is furthest behind has to handle. */
  readonly lagEvents: number;
  /** As its `health()` says. */
  readonly health: HealthState;
  /** Wall time at which it does something by itself, 0 where it is at it; undefined where it only waits to be asked. */
  readonly nextWorkAtMs: number | undefined;
}

/** How the tenants stand. Counts are since they were opened, but those of now: `known` to `stateBytes`. */
export interface TenantsStatus {
  readonly known: number;
  readonly open: number;
  readonly inUse: number;
  /** Uses that wait for room. */
  readonly waiting: number;
  /** Closed ones that are to be opened again by themselves, and when the next one is. */
  readonly toWake: number;
  readonly nextWakeAtMs: number | undefined;
  /** Tenants that couldn't be opened the last time. */
  readonly failing: number;
  readonly activations: number;
  readonly stateBytes: number;
  readonly opened: number;
  readonly openingsFailed: number;
  readonly closed: number;
  /** Uses that found no room in time. */
  readonly full: number;
  /** Milliseconds that openings took, those that failed left out. */
  readonly openingMs: HistogramFigures;
  /** Of those that couldn't be opened, the latest 100; the latest first. */
  readonly failures: readonly TenantFailure[];
  /** The open ones, the least recently used first: never more than `openMax`. */
  readonly tenants: readonly TenantStatus[];
}

/** One that is being opened or closed has no figures. */
export function statusOf(slot: Slot): TenantStatus[] {
  const { tenantId, leases, usedAtMs, openingMs, runtime } = slot;
  if (runtime === undefined || slot.isClosing) return [];
  const { activations, stateBytes } = runtime.actorFigures;
  const { head } = runtime;
  const known = { tenantId, leases, usedAtMs, openingMs, head, activations, stateBytes };
  try {
    const status = runtime.status();
    const diskBytes = sumOf(Object.values(status.journal.diskBytes));
    const nextWorkAtMs = runtime.nextWorkAtMs();
    const health = runtime.health().state;
    return [{ ...known, diskBytes, lagEvents: lagOf(status), health, nextWorkAtMs }];
  } catch {
    // A journal that has failed may refuse to be read. The others are told all the same.
    const nothing = { diskBytes: 0, lagEvents: 0, nextWorkAtMs: undefined };
    return [{ ...known, ...nothing, health: "unhealthy" }];
  }
}

function lagOf({ projections, reactors, sagas, rules }: RuntimeStatus): number {
  const serving = Object.values(projections).flatMap(({ generations }) => generations.slice(0, 1));
  const others = [reactors, sagas, rules].flatMap((all) => Object.values<Lagging>(all));
  return Math.max(0, ...[...serving, ...others].map(({ lagEvents }) => lagEvents));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/** What an operator should look at: tenants that can't be opened, and what open ones say themselves. */
export function healthOf(slots: readonly Slot[], failures: readonly TenantFailure[]): Health {
  const problems: HealthProblem[] = failures.map(({ tenantId, message }) => ({
    reader: `tenant ${tenantId}`,
    state: "degraded",
    problem: `it can't be opened: ${message}`,
  }));
  for (const slot of slots) {
    if (problems.length >= PROBLEMS_MAX) break;
    problems.push(...problemsOf(slot));
  }
  // However bad it is for one tenant: starting the process anew, which a probe would do, is bad for all.
  const state = problems.length === 0 ? "healthy" : "degraded";
  return { state, problems: problems.slice(0, PROBLEMS_MAX) };
}

function problemsOf({ tenantId, runtime, isClosing }: Slot): HealthProblem[] {
  if (runtime === undefined || isClosing) return [];
  try {
    return runtime
      .health()
      .problems.map((each) => ({ ...each, reader: `tenant ${tenantId}: ${each.reader}` }));
  } catch (error) {
    const problem = `its journal has failed: ${asError(error).message}`;
    return [{ reader: `tenant ${tenantId}`, state: "unhealthy", problem }];
  }
}
