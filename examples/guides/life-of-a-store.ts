/** What docs/guides/life-of-a-store.md shows; test/docs/guides/life-of-a-store.test.ts runs it. */
import {
  aggregate,
  compareStores,
  exportStore,
  growthOf,
  importStore,
  openRuntime,
  planReclaim,
  reclaimStore,
  restoreStore,
  type Runtime,
} from "tidemark";

export interface Meter {
  readonly total: number;
  readonly readings: number;
}

export type MeterCommand = { type: "Read"; data: { litres: number } };

export type MeterEvent =
  | { type: "Measured"; data: { litres: number } }
  | { type: "Dismounted" }
  | { type: "Summed"; data: Meter };

export const Meter = aggregate<Meter, MeterCommand, MeterEvent>({
  name: "meter",
  initialState: () => ({ total: 0, readings: 0 }),
  decide: { Read: (_state, data) => ({ type: "Measured", data }) },
  evolve: {
    Measured: ({ total, readings }, { litres }) => ({
      total: total + litres,
      readings: readings + 1,
    }),
    Dismounted: (state) => state,
    // The summary is the state: whatever came before.
    Summed: (_state, sum) => sum,
  },
});

export async function move(directory: string, file: string, copy: string) {
  // #region move
  const { commits, sha256 } = await exportStore(directory, file, { resume: true });
  const { head } = await importStore(file, copy);
  const { equal } = await compareStores(directory, copy);
  // #endregion
  return { commits, sha256, head, equal };
}

export async function restore(backup: string, directory: string) {
  // #region restore
  const { verified } = await restoreStore(backup, directory);
  // #endregion
  return verified;
}

export async function compact(runtime: Runtime, archiveTo: string) {
  // #region compact
  const { version, archive } = await runtime.compact(Meter, "m-1", {
    archiveTo,
    summary: (state): MeterEvent => ({ type: "Summed", data: state }),
  });
  // #endregion
  return { version, archive };
}

export async function reclaim(directory: string, to: string) {
  // #region reclaim
  const plan = await planReclaim(directory);
  for (const { streamId, upTo, events } of plan.streams)
    console.log(`${streamId}: ${events} events up to version ${upTo}`);
  if (plan.problems.length > 0) throw new Error(plan.problems.join("\n"));
  const { untouchedCommits, logBytes } = await reclaimStore(directory, to, {
    confirm: plan.confirmation,
  });
  // #endregion
  return { plan, untouchedCommits, logBytes };
}

export async function tombstone(runtime: Runtime) {
  // #region tombstone
  await runtime.tombstone(Meter, "m-1", {
    last: { type: "Dismounted" },
    reason: "house torn down",
  });
  const answer = await runtime.ask(Meter, "m-1", { type: "Read", data: { litres: 3 } });
  const { state, tombstoned } = await runtime.state(Meter, "m-1");
  // #endregion
  return { answer, state, tombstoned };
}

export async function growth(directory: string) {
  // #region growth
  const { diskBytes, kinds, days, bytesPerDay, daysLeft } = await growthOf(directory, { days: 7 });
  // #endregion
  return { diskBytes, kinds, days, bytesPerDay, daysLeft };
}

export function openWithRetention(directory: string): Promise<Runtime> {
  // #region retention
  const DAY_MS = 24 * 60 * 60 * 1_000;
  return openRuntime({
    directory,
    aggregates: [Meter],
    limits: { commandIdsKeptMs: 30 * DAY_MS },
  });
  // #endregion
}
