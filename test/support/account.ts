/** The bank account that most tests use. */
import { aggregate, reject, type AggregateDefinition } from "tidemark";

export interface AccountState {
  readonly status: "absent" | "open";
  readonly owner: string;
  readonly cents: number;
}

export type AccountCommand =
  | { type: "Open"; data: { owner: string } }
  | { type: "Deposit"; data: { cents: number } }
  | { type: "Withdraw"; data: { cents: number } }
  | { type: "DepositTwice"; data: { cents: number } }
  | { type: "Touch" };

export type AccountEvent =
  | { type: "Opened"; data: { owner: string } }
  | { type: "Deposited"; data: { cents: number } }
  | { type: "Withdrawn"; data: { cents: number } };

export const accountDefinition: AccountDefinition = {
  name: "account",
  initialState: () => ({ status: "absent", owner: "", cents: 0 }),
  decide: {
    Open: (state, { owner }) =>
      state.status === "open" ? reject("already-open") : { type: "Opened", data: { owner } },
    Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }),
    Withdraw: (state, { cents }) =>
      state.cents < cents
        ? reject("insufficient-funds", { cents: state.cents })
        : { type: "Withdrawn", data: { cents } },
    DepositTwice: (_state, { cents }) => [
      { type: "Deposited", data: { cents } },
      { type: "Deposited", data: { cents } },
    ],
    Touch: () => [],
  },
  evolve: {
    Opened: (state, { owner }) => ({ ...state, status: "open", owner }),
    Deposited: (state, { cents }) => ({ ...state, cents: state.cents + cents }),
    Withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents }),
  },
};

export type AccountDefinition = AggregateDefinition<AccountState, AccountCommand, AccountEvent>;

/** The account, defined otherwise. */
export const accountWith = (changes: Partial<AccountDefinition>) =>
  aggregate<AccountState, AccountCommand, AccountEvent>({ ...accountDefinition, ...changes });

export const Account = accountWith({});

export const deposit = (cents: number): AccountCommand => ({ type: "Deposit", data: { cents } });
export const withdraw = (cents: number): AccountCommand => ({ type: "Withdraw", data: { cents } });
