import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { openRuntime } from "tidemark";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { Account } from "./account-under-fire.js";
import { randomFrom } from "../support/random.js";

/** More with CRASH_CYCLES=100; the same run again with SEED=…. */
const CYCLES = Math.ceil(Number(process.env["CRASH_CYCLES"] ?? 20) / 2);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const ACKNOWLEDGED_MAX = 1_500;

function startChild(script: string, ...args: string[]) {
  const path = `dist/test/crash/${script}`;
  const child = spawn(process.execPath, [path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

describe(`two processes at one journal, one of them killed with kill -9, ${CYCLES} times each, seed ${SEED}`, () => {
  it("leaves a reader that sees everything acknowledged by each owner that was killed", async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const options = { directory, aggregates: [Account], freeBytesMin: 0 };
    await (await openRuntime(options)).close();
    const reader = await openRuntime({ ...options, readOnly: true });
    for (let round = 0; round < CYCLES; round++) {
      const child = startChild("writer-child.js", directory, String(round), String(SEED + round));
      const killAfter = 1 + Math.floor(random() * ACKNOWLEDGED_MAX);
      let acknowledged = 0;
      let highest = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        if (!line.endsWith("]")) continue;
        highest = Math.max(highest, (JSON.parse(line) as [string, string, number, number])[3]);
        acknowledged += 1;
        if (acknowledged === killAfter) child.kill("SIGKILL");
        // What was acknowledged is there for others at once.
        if (acknowledged % 400 === 1) expect(reader.head).toBeGreaterThanOrEqual(highest);
      }
      expect(reader.head).toBeGreaterThanOrEqual(highest);
      let position = 0;
      for (const event of reader.events()) expect(event.position).toBe(++position);
      expect(position).toBe(reader.head);
    }
    await reader.close();
  });

  it("leaves an owner that goes on where readers are killed in the middle of reading", async () => {
    const random = randomFrom(SEED + 1);
    const directory = temporaryDirectory();
    const owner = await openRuntime({ directory, aggregates: [Account], freeBytesMin: 0 });
    let acknowledged = 0;
    for (let round = 0; round < CYCLES; round++) {
      const child = startChild("reader-child.js", directory);
      const exited = once(child, "exit");
      await once(createInterface({ input: child.stdout }), "line");
      const wanted = 50 + Math.floor(random() * 400);
      for (let n = 0; n < wanted; n++) {
        const command = { type: "Deposit", data: { cents: 1 } } as const;
        expect(await owner.ask(Account, `e${n % 7}`, command)).toMatchObject({
          status: "accepted",
        });
        acknowledged += 1;
        if (n === wanted >> 1) child.kill("SIGKILL");
      }
      await exited;
    }
    expect(owner.head).toBe(acknowledged);
    await owner.close();
  });
});
