/** R16 with all parts, on both stores: delays of machines over restarts and jumps of the clock. */
import { describe, expect, it } from "vitest";
import { ManualClock } from "../../src/testing/index.js";
import type { Runtime } from "../../src/index.js";
import { Errand, FIRST_MS, List, SECOND_MS, Tally } from "../support/errands.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const INSTANCES = 40;
const HOUR_MS = 3_600_000;
const ids = Array.from({ length: INSTANCES }, (_, n) => `e-${n}`);

/** How many instances are where. */
function counted(runtime: Runtime): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const state = runtime.sagas.instance(Errand, id)?.state ?? "";
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** Of each instance: when its timers were due and when their firing was recorded. */
function firings(runtime: Runtime) {
  return ids.map((id) =>
    [...runtime.history(Errand, id)]
      .map(({ data, recordedAtMs }) => ({
        input: (data as { input?: { kind: string; id: string; dueAtMs: number } }).input,
        recordedAtMs,
      }))
      .filter(({ input }) => input?.kind === "timer"),
  );
}

describe.each(storeKinds)("delays of machines, %s", (kind) => {
  async function begun(clock: ManualClock) {
    const harness = runtimeHarness(kind);
    const open = () => harness.open({ aggregates: [Tally, List], sagas: [Errand], clock });
    const runtime = await open();
    await Promise.all(ids.map((id) => runtime.sagas.start(Errand, id, { id })));
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ waiting: INSTANCES });
    return { runtime, open };
  }

  it("are over at their moment, not a millisecond before", async () => {
    const clock = new ManualClock();
    const { runtime } = await begun(clock);
    await clock.advance(FIRST_MS - 1);
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ waiting: INSTANCES });
    await clock.advance(1);
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ pausing: INSTANCES });
  });

  it("are over once, early or late as the clock jumps, over restarts", async () => {
    const clock = new ManualClock();
    const { open } = await begun(clock);
    const startMs = clock.nowMs();
    clock.setWall(startMs - HOUR_MS);
    let runtime = await open();
    await clock.advance(SECOND_MS);
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ waiting: INSTANCES });
    clock.setWall(startMs + 24 * HOUR_MS);
    runtime = await open();
    // Overdue: no time needs to pass.
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ pausing: INSTANCES });
    clock.setWall(startMs);
    await clock.advance(SECOND_MS);
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ pausing: INSTANCES });
    clock.setWall(startMs + 25 * HOUR_MS);
    await clock.advance(1_000);
    await runtime.sagas.idle();
    expect(counted(runtime)).toEqual({ done: INSTANCES });
    for (const fired of firings(runtime)) {
      expect(fired).toHaveLength(2);
      for (const { input, recordedAtMs } of fired)
        expect(recordedAtMs).toBeGreaterThanOrEqual(input?.dueAtMs ?? Infinity);
    }
  });
});
