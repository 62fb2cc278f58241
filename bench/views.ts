/** The views that benchmarks build. */
import { collection, projection, type Lifecycle } from "../src/index.js";
import { Account } from "./account.js";

export interface Counted {
  readonly count: number;
  readonly cents: number;
}

/** How many deposits each account had, and how much they were. */
export const Counting = counting("async");
export const CountingInline = counting("inline");

function counting(lifecycle: Lifecycle) {
  return projection({
    name: "counted",
    version: 1,
    from: [Account],
    lifecycle,
    collections: { accounts: collection<Counted>() },
    on: {
      Deposited: ({ entityId, data }, { accounts }) =>
        accounts.update(entityId, (before) => ({
          count: (before?.count ?? 0) + 1,
          cents: (before?.cents ?? 0) + data.amount,
        })),
    },
  });
}
