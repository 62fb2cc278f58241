/** A rebuild and events that the view in service has left out: it leaves them out, too, and says how many before readers get it. */
import { beforeEach, describe, expect, it } from "vitest";
import type { FailurePolicy, Runtime } from "tidemark";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import { until } from "../support/until.js";

type Projection = ReturnType<typeof balancesOf>;

const PARK: FailurePolicy = { attemptsMax: 1, then: "park" };
const statusOf = (runtime: Runtime) => runtime.status().projections["balances"]!;
const positionsOf = (runtime: Runtime, projection: Projection) =>
  runtime.operations.parked(projection).map(({ position }) => position);

/** Fails on these positions, as long as they are in the set. */
const failingOn = (
  bad: ReadonlySet<number>,
  version = 1,
  options: Parameters<typeof balancesOf>[1] = {},
) =>
  balancesOf(version, {
    onFailure: PARK,
    before: ({ position }) => {
      if (bad.has(position)) throw new Error(`position ${position} is bad`);
    },
    ...options,
  });

async function deposits(runtime: Runtime, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await runtime.ask(Account, `a${n % 3}`, deposit(n));
}

describe.each(storeKinds)("a rebuild over parked events, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));
  const open = (projection: Projection) =>
    harness.open({ aggregates: [Account], projections: [projection] });

  it("parks them again, tells of them before it serves, and they can be replayed behind it", async () => {
    const bad = new Set([2]);
    const projection = failingOn(bad);
    const runtime = await open(projection);
    await deposits(runtime, 9);
    await runtime.operations.refresh(projection);
    expect(positionsOf(runtime, projection)).toEqual([2, 5, 8]);
    await runtime.operations.rebuild(projection, { approval: true });
    await runtime.operations.rebuilt(projection);
    expect(statusOf(runtime).rebuild).toMatchObject({
      phase: "awaiting-approval",
      error: undefined,
      diff: { changed: 0, unchanged: 2, parkedBefore: 3, parkedAfter: 3 },
    });
    expect(statusOf(runtime).generations[1]).toMatchObject({ role: "building", parked: 3 });
    await runtime.operations.approve(projection);
    await runtime.operations.rebuilt(projection);
    expect(positionsOf(runtime, projection)).toEqual([2, 5, 8]);
    bad.clear();
    expect(await runtime.operations.replayParked(projection)).toMatchObject({ replayed: 3 });
    expect(await runtime.view(projection).get("a1", { fresh: true })).toMatchObject({ changes: 3 });
  });

  it("handles those that its new code can handle", async () => {
    const v1 = failingOn(new Set([2, 3]));
    let runtime = await open(v1);
    await deposits(runtime, 9);
    await runtime.operations.refresh(v1);
    const v2 = failingOn(new Set([3]), 2, { previous: v1 });
    runtime = await open(v2);
    await runtime.operations.rebuilt(v2);
    expect(statusOf(runtime).rebuild?.phase).toBe("done");
    expect(statusOf(runtime).rebuild?.diff).toMatchObject({
      added: 1,
      parkedBefore: 6,
      parkedAfter: 3,
    });
    expect(positionsOf(runtime, v2)).toEqual([3, 6, 9]);
  });

  it("parks them also where the code of the view in service is gone", async () => {
    const v1 = failingOn(new Set([2]));
    let runtime = await open(v1);
    await deposits(runtime, 9);
    await runtime.operations.refresh(v1);
    const v2 = failingOn(new Set([2]), 2);
    runtime = await open(v2);
    await runtime.operations.rebuilt(v2);
    expect(statusOf(runtime).rebuild?.phase).toBe("done");
    expect(positionsOf(runtime, v2)).toEqual([2, 5, 8]);
  });

  it("stops at an event that the view in service has handled, which goes on serving", async () => {
    const v1 = failingOn(new Set([2]));
    let runtime = await open(v1);
    await deposits(runtime, 9);
    await runtime.operations.refresh(v1);
    const v2 = failingOn(new Set([2, 4]), 2, { previous: v1 });
    runtime = await open(v2);
    await runtime.operations.rebuilt(v2);
    expect(statusOf(runtime).rebuild?.phase).toBe("failed");
    expect(statusOf(runtime).rebuild?.error).toContain("position 3");
    expect(statusOf(runtime).generations[0]).toMatchObject({ role: "serving", version: 1 });
    expect(positionsOf(runtime, v2)).toEqual([2, 5, 8]);
  });

  it("isn't stopped by an event that fails while it waits for approval, nor by a reopening then", async () => {
    const bad = new Set([2]);
    const projection = failingOn(bad);
    let runtime = await open(projection);
    await deposits(runtime, 3);
    await runtime.operations.refresh(projection);
    await runtime.operations.rebuild(projection, { approval: true });
    await runtime.operations.rebuilt(projection);
    // The request and what follows it have positions, too.
    const next = runtime.head + 1;
    bad.add(next);
    await deposits(runtime, 3);
    await runtime.operations.refresh(projection);
    await until(() => statusOf(runtime).generations.every(({ lagEvents }) => lagEvents === 0));
    expect(statusOf(runtime).generations.map(({ parked }) => parked)).toEqual([3, 3]);
    runtime = await open(projection);
    await runtime.operations.rebuilt(projection);
    expect(statusOf(runtime).rebuild?.phase).toBe("awaiting-approval");
    await runtime.operations.approve(projection);
    await runtime.operations.rebuilt(projection);
    expect(statusOf(runtime).rebuild?.phase).toBe("done");
    expect(positionsOf(runtime, projection)).toEqual([next, 2, next + 1]);
  });

  it("passes over what the version before has passed over, where that is its policy, too", async () => {
    const onFailure: FailurePolicy = { attemptsMax: 1, then: "skip" };
    const v1 = failingOn(new Set([2]), 1, { onFailure });
    let runtime = await open(v1);
    await deposits(runtime, 6);
    await runtime.operations.refresh(v1);
    const v2 = failingOn(new Set([2]), 2, { onFailure, previous: v1 });
    runtime = await open(v2);
    await runtime.operations.rebuilt(v2);
    expect(statusOf(runtime).rebuild?.phase).toBe("done");
    expect(statusOf(runtime)).toMatchObject({ skipped: 1 });
    expect(await runtime.view(v2).get("a1", { fresh: true })).toMatchObject({ changes: 1 });
  });
});
