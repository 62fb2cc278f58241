import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { openRuntime, type Runtime } from "tidemark";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { Account, balances } from "./account-under-fire.js";
import { randomFrom } from "../support/random.js";

/** More with CRASH_CYCLES=100 npm test -- test/crash; the same run again with SEED=…. */
const CYCLES = Number(process.env["CRASH_CYCLES"] ?? 20);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ACKNOWLEDGED_MAX = 3_000;

interface Acknowledged {
  readonly commandId: string;
  readonly entity: string;
  readonly version: number;
  readonly position: number;
  readonly events: number;
}

/** Runs the service until it acknowledged a random number of commands, kills it, and returns what it acknowledged. */
async function runAndKill(
  directory: string,
  round: number,
  random: () => number,
): Promise<Acknowledged[]> {
  const args = [
    "dist/test/crash/writer-child.js",
    directory,
    String(round),
    String(Math.floor(random() * 1e9)),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const exited = new Promise<string | null>((resolve) =>
    child.on("exit", (_code, signal) => resolve(signal)),
  );
  const killAfter = 1 + Math.floor(random() * ACKNOWLEDGED_MAX);
  const acknowledged: Acknowledged[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    // A line cut off by the kill was not told, so nothing was promised.
    if (!line.endsWith("]")) continue;
    const [commandId, entity, version, position, events] = JSON.parse(line) as [
      string,
      string,
      number,
      number,
      number,
    ];
    acknowledged.push({ commandId, entity, version, position, events });
    if (acknowledged.length === killAfter) child.kill("SIGKILL");
  }
  expect(await exited).toBe("SIGKILL");
  return acknowledged;
}

/** Counts what must not be: acknowledged commands that are missing or elsewhere, gaps, and commands carried out twice. */
function verify(runtime: Runtime, acknowledged: readonly Acknowledged[], after: number) {
  const found = { lost: 0, torn: 0, doubled: 0 };
  const byCommand = new Map<string, { version: number; position: number; events: number }>();
  let position = after;
  for (const event of runtime.events({ after })) {
    if (event.position !== ++position) found.torn += 1;
    const commandId = event.causationId ?? "";
    const known = byCommand.get(commandId);
    const continues =
      known !== undefined &&
      known.position === event.position - 1 &&
      known.version === event.version - 1;
    if (known !== undefined && !continues) found.doubled += 1;
    byCommand.set(commandId, {
      version: event.version,
      position: event.position,
      events: (known?.events ?? 0) + 1,
    });
  }
  for (const { commandId, version, position: last, events } of acknowledged) {
    const recorded = byCommand.get(commandId);
    if (recorded?.version !== version || recorded.position !== last) found.lost += 1;
    else if (recorded.events !== events) found.torn += 1;
  }
  return { found, head: position };
}

describe(`a service killed with kill -9 under load, ${CYCLES} times, seed ${SEED}`, () => {
  it(
    "loses, tears and doubles nothing that it acknowledged",
    { timeout: 30 * 60_000 },
    async () => {
      const random = randomFrom(SEED);
      const directory = temporaryDirectory();
      const options = {
        directory,
        aggregates: [Account],
        projections: [balances],
        freeBytesMin: 0,
      };
      const total = { acknowledged: 0, lost: 0, torn: 0, doubled: 0 };
      let head = 0;
      for (let round = 0; round < CYCLES; round++) {
        const acknowledged = await runAndKill(directory, round, random);
        const runtime = await openRuntime(options);
        const { found, head: newHead } = verify(runtime, acknowledged, head);
        expect(newHead).toBe(runtime.head);
        // The last acknowledged command again: answered from the journal.
        const last = acknowledged.at(-1)!;
        const again = await runtime.ask(
          Account,
          last.entity,
          { type: "Deposit", data: { cents: 1 } },
          { commandId: last.commandId },
        );
        expect(again).toMatchObject({
          status: "accepted",
          duplicate: true,
          version: last.version,
          position: last.position,
        });
        expect(runtime.head).toBe(newHead);
        await runtime.close();
        head = newHead;
        total.acknowledged += acknowledged.length;
        for (const kind of ["lost", "torn", "doubled"] as const) total[kind] += found[kind];
      }
      console.log(
        `kill -9: ${CYCLES} cycles, seed ${SEED}, ${JSON.stringify(total)}, head ${head}`,
      );
      expect(total).toMatchObject({ lost: 0, torn: 0, doubled: 0 });
      await expectViewAndStatesToBeTheFold(options);
    },
  );
});

/** At the end everything derived is what the log says, whatever was killed in the middle of being written. */
async function expectViewAndStatesToBeTheFold(
  options: Parameters<typeof openRuntime>[0],
): Promise<void> {
  const runtime = await openRuntime(options);
  const expected = new Map<string, { cents: number; count: number }>();
  for (const event of runtime.events()) {
    const row = expected.get(event.entityId) ?? { cents: 0, count: 0 };
    expected.set(event.entityId, {
      cents: row.cents + (event.data as { cents: number }).cents,
      count: row.count + 1,
    });
  }
  const rows = new Map<string, { cents: number; count: number }>();
  const all = runtime.view(balances).all({ fresh: true, timeoutMs: 60_000 });
  for await (const { id, document } of all) rows.set(id, document);
  expect(rows).toEqual(expected);
  for (const [entity, state] of expected)
    expect(await runtime.state(Account, entity)).toMatchObject({ state, version: state.count });
  await runtime.close();
}
