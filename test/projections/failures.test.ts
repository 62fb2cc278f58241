import { MemoryViews, type ViewWrite } from "../../journal/index.js";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import type { FailurePolicy, Runtime } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf, type Balance } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import { until } from "../support/until.js";

const servingOf = (runtime: Runtime) => runtime.status().projections["balances"]!.generations[0]!;

/** A projection that fails on what `bad` names, as long as it does. */
function flaky(bad: { at: (position: number, entityId: string) => boolean }, then: FailurePolicy) {
  return balancesOf(1, {
    before: ({ position, entityId }) => {
      if (bad.at(position, entityId)) throw new Error(`position ${position} is bad`);
    },
    onFailure: then,
  });
}

async function deposits(runtime: Runtime, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await runtime.ask(Account, `a${n % 3}`, deposit(n));
}

describe.each(storeKinds)("an event whose handler fails, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));
  const open = (projection: ReturnType<typeof balancesOf>) =>
    harness.open({ aggregates: [Account], projections: [projection] });

  it("is tried again after growing waits, and then goes through", async () => {
    const clock = new ManualClock();
    let tries = 0;
    const projection = flaky({ at: (position) => position === 2 && ++tries < 4 }, {});
    const runtime = await harness.open({ aggregates: [Account], projections: [projection], clock });
    await deposits(runtime, 4);
    await until(() => servingOf(runtime).state === "retrying");
    expect(servingOf(runtime)).toMatchObject({ position: 1, error: { position: 2 } });
    expect(runtime.health()).toMatchObject({ state: "degraded" });
    const waiting = runtime.view(projection).get("a1", { atLeast: 4, timeoutMs: 1e9 });
    while (servingOf(runtime).position < 4) await clock.advance(10);
    expect(await waiting).toMatchObject({ changes: 1 });
    expect(servingOf(runtime)).toMatchObject({ parked: 0, error: undefined });
    expect(runtime.health().state).toBe("healthy");
  });

  it("is parked with all later ones of its key in order, while other keys go on", async () => {
    const bad = { at: (position: number): boolean => position === 2 };
    const projection = flaky(bad, { attemptsMax: 1, then: "park" });
    let runtime = await open(projection);
    await deposits(runtime, 12);
    const view = () => runtime.view(projection);
    expect(await view().get("a0", { fresh: true })).toMatchObject({ changes: 4 });
    expect(await view().get("a1")).toBeUndefined();
    const expected = [
      { key: "a1", position: 2, queued: false, error: "position 2 is bad", attempts: 1 },
      { key: "a1", position: 5, queued: true, error: undefined, attempts: 0 },
      { key: "a1", position: 8, queued: true },
      { key: "a1", position: 11, queued: true },
    ];
    expect(runtime.operations.parked(projection)).toMatchObject(expected);
    expect(runtime.health().problems).toMatchObject([
      { reader: "balances", state: "degraded", problem: "4 events are parked" },
    ]);
    // Also after a reopening, and what comes then stands behind them.
    runtime = await open(projection);
    await deposits(runtime, 2);
    await view().get("a0", { fresh: true });
    expect(runtime.operations.parked(projection)).toHaveLength(5);
    // Not mended yet: it fails again, and stays.
    expect(await runtime.operations.replayParked(projection)).toMatchObject({
      replayed: 0,
      failed: { position: 2, attempts: 2 },
    });
    bad.at = (position) => position === 8;
    expect(await runtime.operations.replayParked(projection, { key: "a1" })).toMatchObject({
      replayed: 2,
      failed: { position: 8, queued: false, error: "position 8 is bad" },
    });
    expect(await view().get("a1")).toMatchObject({ changes: 2, cents: 1 + 4 });
    bad.at = () => false;
    expect(await runtime.operations.replayParked("balances", { by: "ada" })).toEqual({
      replayed: 3,
      failed: undefined,
    });
    expect(await view().get("a1")).toMatchObject({ changes: 5, cents: 1 + 4 + 7 + 10 + 1 });
    expect(servingOf(runtime).parked).toBe(0);
    await deposits(runtime, 3);
    expect(await view().get("a1", { fresh: true })).toMatchObject({ changes: 6 });
    expect(runtime.operations.audit(projection).map(({ type }) => type)).toEqual([
      "ParkedReplayed",
      "ParkedReplayed",
      "ParkedReplayed",
    ]);
  });

  it("can be discarded, one or all of its key", async () => {
    const projection = flaky({ at: (position) => position === 2 }, { attemptsMax: 1 });
    const runtime = await open(projection);
    await deposits(runtime, 12);
    await runtime.view(projection).get("a0", { fresh: true });
    const { operations } = runtime;
    expect(await operations.discardParked(projection, { key: "a1", position: 2 })).toBe(1);
    expect(await operations.replayParked(projection)).toMatchObject({ replayed: 3 });
    expect(await runtime.view(projection).get("a1")).toMatchObject({ changes: 3 });
    expect(await operations.discardParked(projection, { key: "a1" })).toBe(0);
  });

  it("is passed over by policy, which is recorded, and holds after a reopening and in a rebuild", async () => {
    const projection = flaky(
      { at: (position) => position === 2 },
      { attemptsMax: 1, then: "skip" },
    );
    let runtime = await open(projection);
    await deposits(runtime, 6);
    expect(await runtime.view(projection).get("a1", { fresh: true })).toMatchObject({ changes: 1 });
    expect(runtime.operations.audit(projection)).toMatchObject([
      { type: "EventSkipped", data: { at: 2, version: 1, eventType: "Deposited" } },
    ]);
    runtime = await open(projection);
    expect(runtime.status().projections["balances"]!.skipped).toBe(1);
    await runtime.operations.rebuild(projection);
    while (runtime.status().projections["balances"]!.rebuild!.phase !== "done")
      await new Promise((resolve) => setImmediate(resolve));
    expect(await runtime.view(projection).get("a1", { fresh: true })).toMatchObject({ changes: 1 });
  });

  it("stops everything by policy, with what stood before it written, until it is skipped or the fault is mended", async () => {
    const bad = { at: (position: number): boolean => position === 5 };
    const projection = flaky(bad, { attemptsMax: 1, then: "stop" });
    let runtime = await open(projection);
    await deposits(runtime, 9);
    await expect(runtime.view(projection).get("a0", { fresh: true })).rejects.toMatchObject({
      code: "subscription-stopped",
      cause: { code: "handler-failed", position: 5, streamId: "account/a1" },
    });
    expect(servingOf(runtime)).toMatchObject({ state: "stopped", position: 4, lagEvents: 5 });
    expect(runtime.health().state).toBe("unhealthy");
    bad.at = (position) => position === 7;
    await runtime.operations.resume(projection);
    await expect(runtime.view(projection).get("a0", { atLeast: 7 })).rejects.toMatchObject({
      cause: { position: 7 },
    });
    await runtime.operations.skip(projection, 7, { by: "ada" });
    runtime = await open(projection);
    const { entries } = await runtime.view(projection).list({ atLeast: 9 });
    const changes = entries.reduce((sum, { document }) => sum + document.changes, 0);
    expect(changes).toBe(8);
  });

  it("is parked by the key that the projection gives", async () => {
    const all: Balance[] = [];
    const projection = balancesOf(1, {
      key: (event) => (event.entityId < "a2" ? "low" : "high"),
      before: ({ position }) => {
        if (position === 1) throw new Error("bad");
      },
      onFailure: { attemptsMax: 1 },
    });
    const runtime = await open(projection);
    await deposits(runtime, 9);
    const { entries } = await runtime.view(projection).list({ fresh: true });
    for (const { document } of entries) all.push(document);
    expect(entries.map(({ id }) => id)).toEqual(["a2"]);
    expect(all).toHaveLength(1);
    expect(runtime.operations.parked(projection, { key: "low" })).toHaveLength(6);
  });
});

/** Writes, and then says that it didn't, every so often. */
class LyingViews extends MemoryViews {
  #writes = 0;
  lies = 0;

  override async write(writes: readonly ViewWrite[]): Promise<void> {
    await super.write(writes);
    this.#writes += 1;
    if (this.#writes % 3 !== 0) return;
    this.lies += 1;
    throw new Error("the disk is gone");
  }
}

describe("a projection whose view store writes and reports a failure", () => {
  it("handles no event twice", async () => {
    const clock = new ManualClock();
    const views = new LyingViews();
    const directory = Object.assign(new MemoryDirectory(), { views });
    const projection = balancesOf(1);
    const runtime = await openMemoryRuntime({
      aggregates: [Account],
      projections: [projection],
      clock,
      directory,
    });
    for (let n = 0; n < 30; n++) {
      const asking = runtime.ask(Account, "a", deposit(1));
      for (let step = 0; step < 5; step++) await clock.advance(50);
      await asking;
    }
    const reading = runtime.view(projection).get("a", { fresh: true, timeoutMs: 1e9 });
    for (let n = 0; n < 100; n++) await clock.advance(100);
    expect(await reading).toMatchObject({ changes: 30 });
    expect(views.lies).toBeGreaterThan(5);
    await runtime.close();
  });
});

describe.each(storeKinds)("a paused projection, on %s", (kind) => {
  it("stands still, also after a reopening, and goes on when it is resumed", async () => {
    const harness = runtimeHarness(kind);
    const projection = balancesOf(1);
    const options = { aggregates: [Account], projections: [projection] };
    let runtime = await harness.open(options);
    await deposits(runtime, 3);
    await runtime.view(projection).list({ fresh: true });
    await runtime.operations.pause(projection, { by: "ada", reason: "maintenance" });
    await deposits(runtime, 3);
    runtime = await harness.open(options);
    await deposits(runtime, 3);
    expect(runtime.view(projection).position()).toBe(4);
    expect(runtime.status().projections["balances"]).toMatchObject({
      paused: true,
      generations: [{ state: "held", position: 4 }],
    });
    expect(runtime.health()).toMatchObject({
      state: "degraded",
      problems: [{ problem: "it is paused" }],
    });
    await runtime.operations.resume("balances", { by: "ada" });
    const { entries } = await runtime.view(projection).list({ fresh: true });
    expect(entries.map(({ document }) => document.changes)).toEqual([3, 3, 3]);
    expect(() => runtime.operations.parked("other")).toThrow(/one of balances/);
  });
});
