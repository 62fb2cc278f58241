/** How many commands a second are acknowledged after fsync, beside raw LMDB puts with our options and value size? */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { openRuntime } from "tidemark";
import { Account, accountIds, shuffled } from "./account.js";
import { closedLoop, compare, type Contender, type Row } from "./measure.js";

export interface DurableCommandsSize {
  readonly rounds: number;
  readonly commands: number;
  readonly commandsAlone: number;
  readonly aggregates: number;
}

export async function durableCommands(size: DurableCommandsSize): Promise<Row[]> {
  const rows: Row[] = [];
  for (const inFlight of [1, 256]) {
    const count = inFlight === 1 ? size.commandsAlone : size.commands;
    const question = `durable commands, ${inFlight} in flight, ${size.aggregates} warm aggregates`;
    rows.push(
      ...(await compare(question, size.rounds, [
        rawPuts(count, inFlight),
        commands(count, inFlight, size.aggregates),
      ])),
    );
  }
  return rows;
}

/** A put at an ascending key each, acknowledged when its promise resolves: after the sync, with these options. */
function rawPuts(count: number, inFlight: number): Contender {
  return {
    name: "raw LMDB puts, ascending keys",
    baseline: true,
    async run() {
      const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
      const environment = open<Uint8Array>({
        path: directory,
        noSubdir: false,
        encoding: "binary",
        overlappingSync: false,
        eventTurnBatching: false,
        pageSize: 4096,
        mapSize: 2 ** 38,
        ...{ safeRestore: true },
      });
      const table = environment.openDB<Uint8Array>("log", { encoding: "binary" });
      // As long as a commit record of one deposit.
      const value = Buffer.alloc(240, 7);
      try {
        return await closedLoop(count, inFlight, (n) => table.put(n + 1, value));
      } finally {
        await environment.close();
        rmSync(directory, { recursive: true });
      }
    },
  };
}

function commands(count: number, inFlight: number, aggregates: number): Contender {
  return {
    name: "Tidemark commands",
    async run() {
      const directory = mkdtempSync(join(tmpdir(), "tidemark-bench-"));
      const runtime = await openRuntime({ directory, aggregates: [Account] });
      const ids = shuffled(accountIds(aggregates));
      try {
        const send = (n: number) =>
          runtime.ask(Account, ids[n % aggregates] as string, {
            type: "Deposit",
            data: { amount: 1 },
          });
        await closedLoop(aggregates, 256, send);
        const before = runtime.head;
        const sample = await closedLoop(count, inFlight, send);
        if (runtime.head !== before + count)
          throw new Error(`${count} acknowledged, ${runtime.head - before} recorded`);
        return sample;
      } finally {
        await runtime.close();
        rmSync(directory, { recursive: true });
      }
    },
  };
}
