/** Tidemark as a contender: the account over a data directory. */
import { openRuntime, type OpenRuntimeOptions, type Runtime } from "../../src/index.js";
import { closedLoop, type Sample } from "../measure.js";
import { Account, AccountWithoutSnapshots } from "../account.js";

export const TIDEMARK = "Tidemark";

/** As far as a benchmark may want something else than the defaults. */
export type Bounds = Partial<
  Pick<
    OpenRuntimeOptions,
    "activationsMax" | "mailboxCapacity" | "projections" | "telemetry" | "logger"
  >
>;

export function openAccounts(
  directory: string,
  bounds: Bounds = {},
  aggregate = Account,
): Promise<Runtime> {
  return openRuntime({ directory, aggregates: [aggregate], askTimeoutMs: 60_000, ...bounds });
}

export function deposit(
  runtime: Runtime,
  id: string,
  amount: number,
  aggregate = Account,
): Promise<unknown> {
  return runtime.ask(aggregate, id, { type: "Deposit", data: { amount } });
}

/** Deposits in a closed loop over the accounts, in their order; checks that what was acknowledged was recorded. */
export async function deposits(
  runtime: Runtime,
  ids: readonly string[],
  count: number,
  inFlight: number,
  aggregate = Account,
): Promise<Sample> {
  const before = runtime.head;
  const sample = await closedLoop(count, inFlight, (n) =>
    deposit(runtime, ids[n % ids.length] as string, 1 + (n % 997), aggregate),
  );
  if (runtime.head !== before + count)
    throw new Error(`${count} acknowledged, ${runtime.head - before} recorded`);
  return sample;
}

/** Folds each account from its first event on; the events folded. */
export async function foldStates(runtime: Runtime, ids: readonly string[]): Promise<number> {
  let events = 0;
  for (const id of ids) events += (await runtime.state(AccountWithoutSnapshots, id)).state.count;
  return events;
}
