/** What docs/guides/messaging.md shows; test/docs/guides/messaging.test.ts runs it. */
import { join } from "node:path";
import {
  collection,
  endpoint,
  openRuntime,
  projection,
  remote,
  type RemoteAggregate,
  type Runtime,
  type Transport,
} from "tidemark";
import { z } from "zod";
import { Account } from "./aggregates.js";

// #region remote
export const Accounts = remote(Account, { events: ["Deposited", "Withdrawn"] });

export const balances = projection({
  name: "balances",
  version: 1,
  from: [Accounts],
  collections: { rows: collection<{ readonly cents: number }>() },
  on: {
    Deposited: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => ({ cents: (row?.cents ?? 0) + data.cents })),
    Withdrawn: ({ entityId, data }, { rows }) =>
      rows.update(entityId, (row) => ({ cents: (row?.cents ?? 0) - data.cents })),
  },
});
// #endregion

// #region endpoint
export const Balance = endpoint<{ id: string }, { cents: number } | null>({
  name: "balance",
  request: z.object({ id: z.string() }),
  answer: async ({ id }, { view }) => (await view(balances).get(id)) ?? null,
});
// #endregion

export async function openServices(data: string, messaging: Transport) {
  // #region services
  // The service that has the accounts: nothing to write but where messages go.
  const bank = await openRuntime({
    directory: join(data, "bank"),
    aggregates: [Account],
    messaging,
  });

  // Another one.
  const shop = await openRuntime({
    directory: join(data, "shop"),
    aggregates: [],
    remotes: [Accounts],
    projections: [balances],
    endpoints: [Balance],
    messaging,
  });
  const answer = await shop
    .remote(Account)
    .ask("acc-1", { type: "Deposit", data: { cents: 5 } }, { commandId: "order-7" });
  // #endregion
  return { bank, shop, answer };
}

// #region strict
export const SmallDeposits = remote(Account, {
  events: ["Deposited"],
  schemas: { events: { Deposited: z.object({ cents: z.number().max(999) }) } },
});
// #endregion

export async function mending(shop: Runtime, Accounts: RemoteAggregate) {
  // #region parked
  for (const { entityId, position, error } of shop.imports.parked(Accounts))
    console.log(entityId, position, error);
  // In order, up to the first that still can't be taken.
  const { replayed, failed } = await shop.imports.replay(Accounts, { entityId: "acc-1" });
  const discarded = await shop.imports.discard(Accounts, { entityId: "acc-2" });
  // #endregion
  return { replayed, failed, discarded };
}

export async function calling(bank: Runtime): Promise<number | undefined> {
  // #region call
  const balance = await bank.call(Balance, { id: "acc-1" });
  // #endregion
  return balance?.cents;
}
