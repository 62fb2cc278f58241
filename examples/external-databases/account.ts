/** The aggregate: an account takes deposits. */
import { aggregate } from "tidemark";

type Command = { type: "Deposit"; data: { cents: number } };
type Event = { type: "Deposited"; data: { cents: number } };

export const Account = aggregate<{ cents: number }, Command, Event>({
  name: "account",
  initialState: () => ({ cents: 0 }),
  decide: { Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }) },
  evolve: { Deposited: (state, { cents }) => ({ cents: state.cents + cents }) },
});
