/** Two deposits to each of many accounts, then all of them through ten rules; prints a RulesReport. */
import { openRuntime } from "../../src/index.js";
import { Account, accountIds, shuffled } from "../account.js";
import { anonymousMemoryMiB } from "../memory.js";
import { closedLoop } from "../measure.js";
import { inDirectory } from "../stores/directory.js";
import { TenRules } from "../stores/ten-rules.js";
import type { RulesReport } from "./rules.js";

const entities = Number(process.argv[2]);
const activationsMax = Number(process.argv[3]);

const report = await inDirectory(async (directory): Promise<RulesReport> => {
  const commandsPerSecond = await deposits(directory);
  return { commandsPerSecond, ...(await throughRules(directory)) };
});
process.stdout.write(JSON.stringify(report));

async function deposits(directory: string): Promise<number> {
  const runtime = await openRuntime({ directory, aggregates: [Account], activationsMax });
  const ids = [...shuffled(accountIds(entities)), ...shuffled(accountIds(entities))];
  const { value } = await closedLoop(ids.length, 256, (n) =>
    runtime.ask(Account, ids[n] as string, { type: "Deposit", data: { amount: (n * 7) % 100 } }),
  );
  await runtime.close();
  return value;
}

async function throughRules(directory: string): Promise<Omit<RulesReport, "commandsPerSecond">> {
  const anonymousMiB: number[] = [];
  const startedAt = performance.now();
  const runtime = await openRuntime({
    directory,
    aggregates: [Account],
    ruleSets: [TenRules],
    activationsMax,
  });
  const events = entities * 2;
  const look = setInterval(() => {
    const done = runtime.rules.status(TenRules).routedTo ?? 0;
    if (done >= ((anonymousMiB.length + 1) * events) / 10) anonymousMiB.push(anonymousMemoryMiB());
  }, 20);
  while ((runtime.rules.status(TenRules).routedTo ?? 0) < events)
    await new Promise((resolve) => setTimeout(resolve, 5));
  const eventsPerSecond = (events / (performance.now() - startedAt)) * 1_000;
  clearInterval(look);
  anonymousMiB.push(anonymousMemoryMiB());
  let fired = 0;
  for (const alert of runtime.rules.alerts(TenRules)) if (alert.rule !== "") fired += 1;
  await runtime.close();
  return { eventsPerSecond, anonymousMiB, fired };
}
