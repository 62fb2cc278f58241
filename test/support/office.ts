/** A small service with something of everything: purses and orders, a saga between them, a view of balances, rules about spending. */
import { collection, fact, projection, rule, ruleSet, type RuntimeOptions } from "tidemark";
import { Purse, Transfer, TransferOrder } from "./transfers.js";

export const PurseView = projection({
  name: "purses",
  version: 1,
  from: [Purse],
  collections: { rows: collection<{ cents: number }>() },
  on: {
    Deposited: (event, { rows }) =>
      rows.update(event.entityId, (row) => ({ cents: (row?.cents ?? 0) + event.data.cents })),
    Withdrawn: (event, { rows }) => {
      if (event.data.cents === 666) throw new Error(`no purse may lose ${event.data.cents}`);
      rows.update(event.entityId, (row) => ({ cents: (row?.cents ?? 0) - event.data.cents }));
    },
  },
  onFailure: { attemptsMax: 1, then: "park" },
});

const spent = fact<{ cents: number }>("spent");

export const SpendingRules = ruleSet({
  name: "spending",
  from: [Purse],
  facts: [spent],
  on: {
    Withdrawn: (event, memory) =>
      memory.insert(spent, String(event.position), { cents: event.data.cents }),
  },
  rules: [
    rule("large")
      .when("it", spent, { where: ({ cents }) => cents >= 100 })
      .then(({ it }, act) => act.alert({ type: "LargeSpending", data: { cents: it.cents } })),
  ],
  start: "beginning",
});

export const office = {
  aggregates: [Purse, TransferOrder],
  projections: [PurseView],
  sagas: [Transfer],
  ruleSets: [SpendingRules],
} satisfies RuntimeOptions;
