/** What docs/guides/administration.md shows; test/docs/guides/administration.test.ts runs it. */
import { collection, connectAdmin, openAdmin, openRuntime, projection } from "tidemark";
import { Account } from "./aggregates.js";

const balances = projection({
  name: "balances",
  version: 1,
  from: [Account],
  collections: { rows: collection<{ cents: number }>() },
  on: {
    Deposited: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => ({ cents: (row?.cents ?? 0) + data.cents })),
  },
});

const definitions = { aggregates: [Account], projections: [balances] };

/** A service with something in it. */
export async function openBank(directory: string) {
  const runtime = await openRuntime({ directory, ...definitions });
  await runtime.ask(Account, "ada", { type: "Deposit", data: { cents: 100 } });
  await runtime.ask(Account, "ada", { type: "Withdraw", data: { cents: 30 } });
  await runtime.operations.refresh(balances);
  return runtime;
}

export async function lookAround(directory: string) {
  // #region connect
  const admin = await connectAdmin({ directory });
  const { health, problems } = await admin.call("overview", {});
  const { entries } = await admin.call("timeline", { stream: "account/ada" });
  // #endregion
  await admin.close();
  return { health, problems, changes: entries.map(({ changes }) => changes) };
}

export async function pauseAndResume(directory: string) {
  const admin = await connectAdmin({ directory });
  // #region change
  await admin.call("projection.pause", { name: "balances", reason: "moving disks" }, { by: "ada" });
  await admin.call("projection.resume", { name: "balances" }, { by: "ada" });
  const { entries } = await admin.call("audit", { limit: 4 });
  // #endregion
  await admin.close();
  return entries.map(({ what, outcome, reason }) => [what, outcome, reason]);
}

export async function lookWithoutService(directory: string) {
  // #region without
  const admin = await openAdmin({ directory, definitions });
  const { state } = await admin.call("state", { stream: "account/ada", at: { version: 1 } });
  // #endregion
  await admin.close();
  return state;
}

export async function follow(directory: string, seen: (type: string) => boolean) {
  const admin = await connectAdmin({ directory });
  // #region follow
  let after = 0;
  for (;;) {
    const page = await admin.call("events", { after, waitMs: 30_000 });
    for (const { type } of page.events) if (!seen(type)) return admin.close();
    after = page.next ?? page.scannedTo;
  }
  // #endregion
}
