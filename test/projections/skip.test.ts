import { collection, projection } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

/** Sums of deposits; one of 13 cents fails until the bug is gone. */
const sumsOf = (isBuggy: () => boolean) =>
  projection({
    name: "sums",
    version: 1,
    from: [Account],
    collections: { sums: collection<{ cents: number }>() },
    onFailure: { attemptsMax: 1, then: "park" },
    on: {
      Deposited: ({ entityId, data }, { sums }) => {
        if (data.cents === 13 && isBuggy()) throw new Error("13 is unlucky");
        sums.update(entityId, (row) => ({ cents: (row?.cents ?? 0) + data.cents }));
      },
    },
  });

describe.each(storeKinds)("an event that an operator skips, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  async function parkedAndSkipped() {
    let isBuggy = true;
    const sums = sumsOf(() => isBuggy);
    const runtime = await harness.open({ aggregates: [Account], projections: [sums] });
    for (const cents of [1, 13, 100]) await runtime.ask(Account, "a", deposit(cents));
    await runtime.operations.refresh(sums);
    expect(runtime.operations.parked(sums).map(({ position }) => position)).toEqual([2, 3]);
    await runtime.operations.skip(sums, 2, { by: "ada" });
    isBuggy = false;
    return { runtime, sums, view: runtime.view(sums) };
  }

  it("is passed over when what is parked is replayed", async () => {
    const { runtime, sums, view } = await parkedAndSkipped();
    await runtime.operations.replayParked(sums);
    expect(runtime.operations.parked(sums)).toEqual([]);
    expect(await view.get("a", { fresh: true })).toEqual({ cents: 101 });
  });

  it("is passed over when its key is built anew", async () => {
    const { runtime, sums, view } = await parkedAndSkipped();
    await runtime.operations.rebuildKey(sums, "a");
    expect(runtime.operations.parked(sums)).toEqual([]);
    expect(await view.get("a", { fresh: true })).toEqual({ cents: 101 });
  });

  it("is passed over when the whole projection is built anew", async () => {
    const { runtime, sums, view } = await parkedAndSkipped();
    await runtime.operations.rebuild(sums);
    while (runtime.status().projections["sums"]!.rebuild?.phase !== "done")
      await new Promise((resolve) => setImmediate(resolve));
    expect(await view.get("a", { fresh: true })).toEqual({ cents: 101 });
  });
});
