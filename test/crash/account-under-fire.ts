/** What the killed service runs, and what its parent checks it with. */
import { aggregate, collection, projection } from "tidemark";

export const ENTITIES = 200;

type Command = { type: "Deposit" | "DepositTwice"; data: { cents: number } };
type Event = { type: "Deposited"; data: { cents: number } };

export const Account = aggregate<{ cents: number; count: number }, Command, Event>({
  name: "account",
  initialState: () => ({ cents: 0, count: 0 }),
  decide: {
    Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }),
    DepositTwice: (_state, { cents }) => [
      { type: "Deposited", data: { cents } },
      { type: "Deposited", data: { cents } },
    ],
  },
  evolve: {
    Deposited: (state, { cents }) => ({ cents: state.cents + cents, count: state.count + 1 }),
  },
  snapshots: { everyEvents: 10 },
});

export const balances = projection({
  name: "balances",
  version: 1,
  from: [Account],
  collections: { rows: collection<{ cents: number; count: number }>() },
  on: {
    Deposited: (event, { rows }) =>
      rows.update(event.entityId, (row = { cents: 0, count: 0 }) => ({
        cents: row.cents + event.data.cents,
        count: row.count + 1,
      })),
  },
});
