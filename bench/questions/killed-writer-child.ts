/** Sends commands until it is killed; says so once, after as many that the index surely lags behind the log. */
import { Account, accountIds } from "../account.js";
import { deposit, openAccounts } from "../stores/tidemark-store.js";

const runtime = await openAccounts(process.argv[2] as string, { activationsMax: 20_000 });
const ids = accountIds(10_000);
let sent = 0;
async function worker(): Promise<void> {
  for (;;) {
    const n = sent++;
    await deposit(runtime, ids[n % ids.length] as string, 1, Account);
    if (n === 60_000) process.stdout.write("writing\n");
  }
}
await Promise.all(Array.from({ length: 256 }, worker));
