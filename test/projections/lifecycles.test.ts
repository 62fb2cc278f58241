import { ManualClock } from "tidemark/testing";
import type { Runtime } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const statusOf = (runtime: Runtime) => runtime.status().projections["balances"]!;

describe.each(storeKinds)("lifecycles of a projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("inline: shows every command as soon as it is answered, whoever asked", async () => {
    const inline = balancesOf(1, { lifecycle: "inline" });
    const runtime = await harness.open({ aggregates: [Account], projections: [inline] });
    const view = runtime.view(inline);
    await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const id = `a${n % 5}`;
        const answer = await runtime.ask(Account, id, deposit(1));
        if (answer.status === "rejected") throw new Error(answer.code);
        expect(view.position()).toBeGreaterThanOrEqual(answer.position);
        expect((await view.get(id))!.changes).toBeGreaterThanOrEqual(answer.version);
      }),
    );
  });

  it("inline: shows everything before commands are taken again, after a reopening that found it behind", async () => {
    let runtime = await harness.open({ aggregates: [Account] });
    await Promise.all(Array.from({ length: 300 }, () => runtime.ask(Account, "a", deposit(1))));
    const inline = balancesOf(1, { lifecycle: "inline" });
    runtime = await harness.open({ aggregates: [Account], projections: [inline] });
    expect(runtime.view(inline).position()).toBe(300);
    expect(await runtime.view(inline).get("a")).toMatchObject({ changes: 300 });
  });

  it("inline: says that a command was recorded where the view can't show it, with the answer", async () => {
    const broken = balancesOf(1, {
      lifecycle: "inline",
      before: () => {
        throw new Error("a bug");
      },
      onFailure: { attemptsMax: 1, then: "stop" },
    });
    const runtime = await harness.open({ aggregates: [Account], projections: [broken] });
    await expect(runtime.ask(Account, "a", deposit(1))).rejects.toMatchObject({
      code: "view-behind",
      projection: "balances",
      answer: { status: "accepted", position: 1 },
    });
    expect(runtime.head).toBe(1);
    expect(runtime.health().state).toBe("unhealthy");
  });

  it("on demand: moves only when it is read for what is new, or refreshed", async () => {
    const lazy = balancesOf(1, { lifecycle: "on-demand" });
    const runtime = await harness.open({ aggregates: [Account], projections: [lazy] });
    const view = runtime.view(lazy);
    for (let n = 0; n < 5; n++) await runtime.ask(Account, "a", deposit(1));
    expect(view.position()).toBe(0);
    expect(await view.get("a")).toBeUndefined();
    expect(await view.get("a", { atLeast: 3 })).toMatchObject({ changes: 5 });
    await runtime.ask(Account, "a", deposit(1));
    expect(await view.get("a")).toMatchObject({ changes: 5 });
    await runtime.operations.refresh(lazy);
    expect(await view.get("a")).toMatchObject({ changes: 6 });
    expect(runtime.health().state).toBe("healthy");
  });

  it.each(["async", "inline", "on-demand", { everyMs: 1_000 }] as const)(
    "%j: goes on where it was after a reopening, and counts nothing twice",
    async (lifecycle) => {
      const projection = balancesOf(1, { lifecycle });
      let runtime = await harness.open({ aggregates: [Account], projections: [projection] });
      for (let round = 1; round <= 3; round++) {
        for (let n = 0; n < 4; n++) await runtime.ask(Account, "a", deposit(1));
        const row = await runtime.view(projection).get("a", { fresh: true });
        expect(row).toMatchObject({ changes: 4 * round });
        await runtime.ask(Account, "a", { type: "Open", data: { owner: "Ada" } });
        runtime = await harness.open({ aggregates: [Account], projections: [projection] });
        expect(runtime.view(projection).position()).toBeGreaterThanOrEqual(4 * round);
      }
    },
  );

  it("on demand: can be rebuilt, and flips without being read", async () => {
    const lazy = balancesOf(1, { lifecycle: "on-demand" });
    const runtime = await harness.open({ aggregates: [Account], projections: [lazy] });
    for (let n = 0; n < 5; n++) await runtime.ask(Account, "a", deposit(1));
    await runtime.view(lazy).get("a", { atLeast: 3 });
    await runtime.ask(Account, "a", deposit(1));
    await runtime.operations.rebuild(lazy);
    while (statusOf(runtime).rebuild!.phase !== "done")
      await new Promise((resolve) => setImmediate(resolve));
    expect(await runtime.view(lazy).get("a")).toMatchObject({ changes: 6 });
  });

  it("by the clock: moves at each interval, and when it is read for what is new", async () => {
    const clock = new ManualClock();
    const hourly = balancesOf(1, { lifecycle: { everyMs: 3_600_000 } });
    const runtime = await harness.open({ aggregates: [Account], projections: [hourly], clock });
    const view = runtime.view(hourly);
    const asking = runtime.ask(Account, "a", deposit(1));
    await clock.advance(1);
    await asking;
    await clock.advance(3_500_000);
    expect(view.position()).toBe(0);
    await clock.advance(200_000);
    while (view.position() === 0) await clock.advance(1);
    expect(await view.get("a")).toMatchObject({ changes: 1 });
  });
});
