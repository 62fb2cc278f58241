import { spawn } from "node:child_process";
import { openTenants } from "tidemark";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { Errand, List, Tally } from "../support/errands.js";

const TENANTS = Number(process.env["TENANTS"] ?? 24);
const OPEN_MAX = Math.max(8, Math.ceil(TENANTS / 20));

/** What it said, line by line, until its end; killed once so many commands were accepted. */
async function run(directory: string, seed: number, killedAfter = Infinity): Promise<string[]> {
  const args = [directory, String(TENANTS), String(OPEN_MAX), String(seed)];
  const child = spawn(process.execPath, ["dist/test/crash/many-tenants-child.js", ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
    if (text.split("accepted").length > killedAfter) child.kill("SIGKILL");
  });
  await new Promise((resolve) => child.on("close", resolve));
  return text.slice(0, text.lastIndexOf("\n")).split("\n");
}

const named = (lines: readonly string[], what: string) =>
  lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));

describe(`${TENANTS} tenants, ${OPEN_MAX} of them open at a time`, () => {
  it("have what was accepted before and after a kill, in bounded memory, and timers of closed ones fire", async () => {
    const directory = temporaryDirectory();
    const before = named(await run(directory, 1, TENANTS / 2), "accepted");
    expect(before.length).toBeGreaterThan(0);
    const lines = await run(directory, 2);
    expect(new Set(named(lines, "accepted")).size).toBe(TENANTS);
    const [early = 0, late = 0] = named(lines, "memory").map(Number);
    expect(late).toBeLessThan(3 * early + 200);
    // Nobody uses them any more: they are opened for what is due, a few at a time, and closed again.
    const tenants = await openTenants({
      ...{ directory, aggregates: [Tally, List], sagas: [Errand], freeBytesMin: 0 },
      ...{ openMax: OPEN_MAX, waitMs: 60_000 },
    });
    const isOver = () => {
      const { toWake, open, tenants: lines } = tenants.status();
      const isIdle = lines.every(({ nextWorkAtMs }) => nextWorkAtMs === undefined);
      return toWake === 0 && lines.length === open && isIdle;
    };
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(tenants.status().open).toBeLessThanOrEqual(OPEN_MAX);
    const states = new Map<string, number>();
    for (const id of tenants.list()) {
      const [asked, state] = await tenants.use(id, (runtime) => [
        runtime.head > 0 && [...runtime.history(List, "l")].length,
        runtime.sagas.instance(Errand, "e")?.state,
      ]);
      const found = `${String(asked)} ${String(state)}`;
      states.set(found, (states.get(found) ?? 0) + 1);
    }
    await tenants.close();
    // Asked once, though most were asked by both processes; and every errand came to its end by its timers.
    expect([...states]).toEqual([["1 done", TENANTS]]);
  });
});
