import { aggregate, openRuntime, reject } from "tidemark";

type Command = { type: "Deposit" | "Withdraw"; data: { cents: number } };
type Event = { type: "Deposited" | "Withdrawn"; data: { cents: number } };

const Account = aggregate<{ cents: number }, Command, Event>({
  name: "account",
  initialState: () => ({ cents: 0 }),
  decide: {
    Deposit: (_state, { cents }) => ({ type: "Deposited", data: { cents } }),
    Withdraw: (state, { cents }) =>
      cents > state.cents
        ? reject("insufficient-funds", state)
        : { type: "Withdrawn", data: { cents } },
  },
  evolve: {
    Deposited: (state, { cents }) => ({ cents: state.cents + cents }),
    Withdrawn: (state, { cents }) => ({ cents: state.cents - cents }),
  },
});

const runtime = await openRuntime({ directory: "./data/account", aggregates: [Account] });
await runtime.ask(Account, "ada", { type: "Deposit", data: { cents: 100 } });
const answer = await runtime.ask(Account, "ada", { type: "Withdraw", data: { cents: 150 } });
console.log(
  answer.status,
  answer.status === "rejected" ? answer.code : `at version ${answer.version}`,
);
console.log(await runtime.state(Account, "ada"));
await runtime.close();
