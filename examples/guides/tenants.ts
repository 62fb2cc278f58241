import { openTenants, tryOut, type AnyAggregate, type AnyProjection, type Tenants } from "tidemark";

// #region open
/** Fifty open at the most, and for all of them together a hundred thousand entities in 512 MiB. */
export function tenantsIn(
  directory: string,
  aggregates: readonly AnyAggregate[],
): Promise<Tenants> {
  return openTenants({
    directory,
    aggregates,
    openMax: 50,
    activationsMax: 100_000,
    stateBytesMax: 512 * 1024 * 1024,
  });
}
// #endregion

// #region use
/** Of a request: its tenant is opened where it isn't, and stays so until the work is done. */
export function headOf(tenants: Tenants, tenantId: string): Promise<number> {
  return tenants.use(tenantId, (runtime) => runtime.head);
}
// #endregion

// #region lease
/** For longer than one piece of work; whoever forgets to release one takes the room of another for good. */
export async function eventsOf(tenants: Tenants, tenantId: string): Promise<string[]> {
  const lease = await tenants.of(tenantId);
  try {
    return [...lease.runtime.events()].map(({ type }) => type);
  } finally {
    lease.release();
  }
}
// #endregion

// #region try
/** Whether the next release would show what this one shows, over the log of the running service. */
export async function mayBeReleased(
  directory: string,
  today: readonly AnyAggregate[],
  aggregates: readonly AnyAggregate[],
  projections: readonly AnyProjection[],
): Promise<boolean> {
  const report = await tryOut({
    directory,
    candidates: { aggregates, projections },
    current: { aggregates: today },
  });
  for (const { aggregate, unreadableTypes, unreadable, different } of report.aggregates)
    console.log(aggregate, { unreadableTypes, unreadable, different });
  for (const { projection, diff, parked, error } of report.projections)
    console.log(projection, { diff, parked, error });
  return report.isSame;
}
// #endregion
