/** What tenants tell of themselves. */

/** An open tenant. */
export interface TenantStatus {
  readonly tenantId: string;
  /** Uses and leases that have it. */
  readonly leases: number;
  /** Wall time of the last one. */
  readonly usedAtMs: number;
  /** Position of its last event. */
  readonly head: number;
  /** Of the activations and bytes that all share. */
  readonly activations: number;
  readonly stateBytes: number;
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
  readonly activations: number;
  readonly stateBytes: number;
  readonly opened: number;
  readonly openingsFailed: number;
  readonly closed: number;
  /** The open ones, the least recently used first: never more than `openMax`. */
  readonly tenants: readonly TenantStatus[];
}
