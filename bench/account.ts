/** The workload: a bank account whose deposits each record one event of about 155 bytes. */
import { aggregate, reject, type AggregateDefinition } from "../src/index.js";

export interface Deposited {
  readonly type: "Deposited";
  readonly data: { accountId: string; amount: number; currency: string; memo: string; at: number };
}

export interface Deposit {
  readonly type: "Deposit";
  readonly data: { amount: number };
}

export const MEMO = "a memo of forty characters, as agreed on";

export interface AccountState {
  balance: number;
  count: number;
  lastAt: number;
}

/** With the default snapshots, every 100 events. */
export const Account = aggregate<AccountState, Deposit, Deposited>(definition({}));

/** Always folded from its first event. */
export const AccountWithoutSnapshots = aggregate<AccountState, Deposit, Deposited>(
  definition({ snapshots: false }),
);

function definition(snapshots: {
  snapshots?: false;
}): AggregateDefinition<AccountState, Deposit, Deposited> {
  return {
    ...snapshots,
    name: "account",
    initialState: () => ({ balance: 0, count: 0, lastAt: 0 }),
    decide: {
      Deposit: (_state, { amount }, { entityId, nowMs }) =>
        amount <= 0
          ? reject("amount-not-positive")
          : {
              type: "Deposited",
              data: { accountId: entityId, amount, currency: "EUR", memo: MEMO, at: nowMs },
            },
    },
    evolve: {
      Deposited: (state, { amount, at }) => ({
        balance: state.balance + amount,
        count: state.count + 1,
        lastAt: at,
      }),
    },
  };
}

/** Ids in the form of UUIDs, the same in every run. */
export function accountIds(count: number): string[] {
  return Array.from(
    { length: count },
    (_, n) => `f81d4fae-7dec-11d0-a765-${n.toString(16).padStart(12, "0")}`,
  );
}

/** A shuffled round-robin: with fewer in flight than accounts, no two commands in flight hit one account. */
export function shuffled<T>(items: readonly T[], seed = 7): T[] {
  const result = [...items];
  let state = seed;
  for (let at = result.length - 1; at > 0; at--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = state % (at + 1);
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}
