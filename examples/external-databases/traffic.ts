/** The deposits: the same in each run, so that one goes on where another was killed. */
import type { Runtime } from "tidemark";
import { Account } from "./account.js";

const AT_ONCE = 500;

/** Makes so many deposits, from where an earlier run was killed. */
export async function depositAll(runtime: Runtime, deposits: number): Promise<void> {
  // Some of the group that was on its way when it was killed are recorded: their ids tell.
  const first = Math.floor(runtime.head / AT_ONCE) * AT_ONCE;
  for (let from = first; from < deposits; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, deposits - from) }, (_, n) => from + n);
    await Promise.all(group.map((n) => deposit(runtime, n)));
  }
}

async function deposit(runtime: Runtime, n: number): Promise<void> {
  const command = { type: "Deposit", data: { cents: 1 + ((n * 7_919) % 1_000) } } as const;
  await runtime.ask(Account, `account-${n % 50}`, command, { commandId: `deposit-${n}` });
}
