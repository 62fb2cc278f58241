import { ManualClock } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { MemoryJournal, MemoryStore } from "../../journal/index.js";
import { Pace } from "../../src/projections/pace.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

describe.each(storeKinds)("rebuilds at the same time, on %s", (kind) => {
  it("wait for each other where there may be only so many", async () => {
    const first = balancesOf(1, { name: "first" });
    const second = balancesOf(1, { name: "second" });
    const third = balancesOf(1, { name: "third" });
    const projections = [first, second, third];
    const runtime = await runtimeHarness(kind).open({
      aggregates: [Account],
      projections,
      rebuildsMax: 2,
    });
    const asks = Array.from({ length: 3_000 }, (_, n) =>
      runtime.ask(Account, `a${n % 50}`, deposit(1)),
    );
    await Promise.all(asks);
    for (const projection of projections) await runtime.operations.refresh(projection);
    const phases = () =>
      projections.map(({ name }) => runtime.status().projections[name]!.rebuild?.phase);
    // Asked for at once: one after the other, the first may be done before the third is asked for.
    await Promise.all(projections.map((projection) => runtime.operations.rebuild(projection)));
    let building = 0;
    let waited = false;
    while (phases().some((phase) => phase !== "done")) {
      const under = phases().filter((phase) => phase === "catching-up" || phase === "comparing");
      building = Math.max(building, under.length);
      for (const [at, { name }] of projections.entries()) {
        const candidate = runtime
          .status()
          .projections[name]!.generations.find(({ role }) => role === "building");
        if (candidate === undefined || phases()[at] !== "waiting") continue;
        waited = true;
        expect(candidate.position).toBe(0);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect([building <= 2, waited]).toEqual([true, true]);
  });
});

describe("the pace of a rebuild", () => {
  it("leaves others their share of the time while commands come in, and rests not at all without", async () => {
    const clock = new ManualClock();
    const journal = new MemoryJournal(new MemoryStore("s"), { clock, limits: defaultLimits });
    const commit = async () => {
      const done = journal.append({ streams: [{ streamId: "s/a", events: [{ type: "A" }] }] });
      await clock.advance(1);
      await done;
    };
    const pace = new Pace(journal, clock, 0.25);
    await commit();
    pace.restMs();
    await clock.advance(10);
    expect(pace.restMs()).toBe(0);
    await commit();
    await clock.advance(9);
    // 10 ms of work are a quarter: 30 ms for the others.
    expect(pace.restMs()).toBe(30);
    await clock.advance(30);
    await commit();
    await clock.advance(999);
    expect(pace.restMs()).toBe(100);
    await journal.close();
  });
});
