/** What the killed service runs, and what its parent checks it with. */
import { aggregate, projection } from "tidemark";

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

export const balances = projection<{ cents: number; count: number }, Event>({
  name: "balances",
  version: 1,
  from: [Account],
  on: {
    Deposited: (event, rows) =>
      rows.update(event.entityId, (row = { cents: 0, count: 0 }) => ({
        cents: row.cents + event.data.cents,
        count: row.count + 1,
      })),
  },
});

/** mulberry32, by Tommy Ettinger (public domain). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
