/** Touches each of many entities once, in random order; prints a MemoryReport. */
import { accountIds, shuffled } from "../account.js";
import { anonymousMemoryMiB } from "../memory.js";
import { inDirectory } from "../stores/directory.js";
import { deposits, openAccounts } from "../stores/tidemark-store.js";
import type { MemoryReport } from "./many-entities.js";

const entities = Number(process.argv[2]);
const activationsMax = Number(process.argv[3]);

const report = await inDirectory(async (directory): Promise<MemoryReport> => {
  const runtime = await openAccounts(directory, { activationsMax });
  const ids = shuffled(accountIds(entities));
  const anonymousMiB: number[] = [];
  const tenth = entities / 10;
  const startedAt = performance.now();
  for (let from = 0; from < entities; from += tenth) {
    await deposits(runtime, ids.slice(from, from + tenth), tenth, 256);
    anonymousMiB.push(anonymousMemoryMiB());
  }
  const perSecond = (entities / (performance.now() - startedAt)) * 1_000;
  await runtime.close();
  return { anonymousMiB, perSecond };
});
process.stdout.write(JSON.stringify(report));
