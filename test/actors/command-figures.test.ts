import { aggregate, reject } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { CommandRecorder, RecentCommands } from "../../actors/command-figures.js";
import { Account, accountDefinition, accountWith, deposit, withdraw } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const Picky = aggregate<
  { n: number },
  { type: "Refuse"; data: { code: string } },
  { type: "Never"; data: object }
>({
  name: "picky",
  initialState: () => ({ n: 0 }),
  decide: { Refuse: (_state, { code }) => reject(code) },
  evolve: { Never: (state) => state },
});

describe.each(storeKinds)("figures of commands, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("count each command once, by what it led to, and begin anew with the runtime", async () => {
    const Broken = accountWith({
      decide: {
        ...accountDefinition.decide,
        Open: () => {
          throw new Error("broken");
        },
      },
    });
    const runtime = await harness.open({ aggregates: [Broken] });
    await runtime.ask(Broken, "a", deposit(1), { commandId: "c1" });
    await runtime.ask(Broken, "a", deposit(1), { commandId: "c1" });
    await runtime.ask(Broken, "a", withdraw(5));
    await runtime.dryRun(Broken, "a", withdraw(5));
    await expect(
      runtime.ask(Broken, "a", { type: "Open", data: { owner: "o" } }),
    ).rejects.toThrow();
    await expect(runtime.ask(Broken, "a", deposit(1), { timeoutMs: -1 })).rejects.toThrow();
    await expect(runtime.ask(Broken, "a", deposit(1), { expectedVersion: 9 })).rejects.toThrow();
    runtime.tell(Broken, "a", withdraw(5));
    await runtime.ask(Broken, "a", { type: "Touch" });
    const { actors, recent } = runtime.status().commands;
    expect(actors["account"]).toMatchObject({
      accepted: 3,
      duplicates: 1,
      rejected: 2,
      failed: 3,
      rejectedByCode: { "insufficient-funds": 2 },
      failedByCode: { "decide-failed": 1, "invalid-argument": 1, "version-conflict": 1 },
      latencyUs: { count: 5 },
    });
    expect(recent.samples).toBe(5);
    const again = await harness.open({ aggregates: [Account] });
    expect(again.status().commands.actors["account"]).toMatchObject({ accepted: 0, failed: 0 });
  });

  it("keep few codes, and nothing that isn't one", async () => {
    const runtime = await harness.open({ aggregates: [Picky] });
    const codes = Array.from({ length: 60 }, (_, n) => `code-${n}`);
    for (const code of ["Mrs Secret, Elm Street 1", ...codes, "code-0"])
      await runtime.ask(Picky, "p", { type: "Refuse", data: { code } });
    const { rejectedByCode, rejected } = runtime.status().commands.actors["picky"]!;
    expect(rejected).toBe(62);
    expect(Object.keys(rejectedByCode)).toHaveLength(50);
    expect(rejectedByCode).toMatchObject({ "code-0": 2, "code-40": 1, other: 13 - 1 });
    expect(JSON.stringify(runtime.status().commands)).not.toContain("Secret");
  });
});

describe("figures of the last ten seconds", () => {
  it("forget a command eleven seconds later, and rates are of the time that has passed", async () => {
    const clock = new ManualClock();
    const harness = runtimeHarness("memory");
    const runtime = await harness.open({ aggregates: [Account], clock });
    const ask = async () => {
      const asked = runtime.ask(Account, "a", deposit(1));
      await clock.advance(0);
      await asked;
    };
    const recent = () => runtime.status().commands.recent;
    await ask();
    expect(recent()).toMatchObject({ seconds: 1, acceptedPerSecond: 1, samples: 1 });
    await clock.advance(4_000);
    await ask();
    expect(recent()).toMatchObject({ seconds: 4, acceptedPerSecond: 0.5, samples: 2 });
    await clock.advance(6_900);
    expect(recent().samples).toBe(2);
    await clock.advance(200);
    expect(recent().samples).toBe(1);
    await clock.advance(10_000);
    expect(recent()).toMatchObject({ acceptedPerSecond: 0, samples: 0, p99Ms: 0 });
  });

  it("tell how long answers took, within a quarter", async () => {
    const clock = new ManualClock();
    const recent = new RecentCommands(clock.monotonicMs());
    const recorder = new CommandRecorder(clock, recent);
    for (const tookMs of [...Array.from({ length: 98 }, () => 10), 300, 300]) {
      const startedAtMs = clock.monotonicMs();
      await clock.advance(tookMs);
      recorder.answered(startedAtMs, { status: "rejected", code: "no", details: null });
    }
    const { p50Ms, p99Ms, samples } = recent.figures(clock.monotonicMs());
    expect(samples).toBe(100);
    expect(p50Ms).toBeGreaterThanOrEqual(10);
    expect(p50Ms).toBeLessThanOrEqual(12.5);
    expect(p99Ms).toBeGreaterThanOrEqual(300);
    expect(p99Ms).toBeLessThanOrEqual(375);
  });
});
