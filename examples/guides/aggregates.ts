/** What docs/guides/aggregates.md shows; test/docs/guides.test.ts runs it. */
import { aggregate, reject, upcaster, type Runtime } from "tidemark";

type AccountCommand =
  | { type: "Open"; data: { owner: string; email: string } }
  | { type: "Move"; data: { email: string } }
  | { type: "Deposit" | "Withdraw"; data: { cents: number } };

type AccountEvent =
  | { type: "Opened"; data: { owner: string } }
  | { type: "Arrived"; data: { at: string } }
  | { type: "Left"; data: { from: string } }
  | { type: "Deposited" | "Withdrawn"; data: { cents: number } };

export interface AccountState {
  readonly owner: string | null;
  readonly email: string | null;
  readonly cents: number;
}

export const Account = aggregate<AccountState, AccountCommand, AccountEvent>({
  name: "account",
  initialState: () => ({ owner: null, email: null, cents: 0 }),
  // #region decide
  decide: {
    Open: (state, { owner, email }) =>
      state.owner === null
        ? [
            { type: "Opened", data: { owner } },
            { type: "Arrived", data: { at: email } },
          ]
        : reject("already-open"),
    Move: ({ email: from }, { email: at }) => {
      if (from === at) return [];
      const left = from === null ? [] : [{ type: "Left", data: { from } } as const];
      return [...left, { type: "Arrived", data: { at } }];
    },
    Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }),
    Withdraw: (state, { cents }) =>
      cents > state.cents
        ? reject("insufficient-funds", { cents: state.cents })
        : { type: "Withdrawn", data: { cents } },
  },
  // #endregion
  evolve: {
    Opened: (state, { owner }) => ({ ...state, owner }),
    Arrived: (state, { at }) => ({ ...state, email: at }),
    Left: (state) => ({ ...state, email: null }),
    Deposited: (state, { cents }) => ({ ...state, cents: state.cents + cents }),
    Withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents }),
  },
  // #region claims
  claims: { email: (state) => state.email },
  // #endregion
  // #region upcasters
  upcasters: {
    Deposited: upcaster<{ euros: number }>().reshape(({ euros }) => ({ cents: euros * 100 })),
    Opend: upcaster<{ owner: string }>().renameTo("Opened"),
    Moved: upcaster<{ from: string; to: string }>().splitInto(
      ["Left", "Arrived"],
      ({ from, to }) => [
        { type: "Left", data: { from } },
        { type: "Arrived", data: { at: to } },
      ],
    ),
    Noted: upcaster().drop(),
  },
  // #endregion
});

export async function asking(runtime: Runtime) {
  // #region ask
  const deposit = { type: "Deposit", data: { cents: 500 } } as const;
  const first = await runtime.ask(Account, "ada", deposit, { commandId: "transfer-17" });
  // Whoever didn't hear the answer asks again.
  const again = await runtime.ask(Account, "ada", deposit, { commandId: "transfer-17" });
  const refused = await runtime.ask(Account, "ada", { type: "Withdraw", data: { cents: 900 } });
  if (refused.status === "rejected") console.log(refused.code, refused.details);
  // #endregion
  return { first, again, refused };
}
