import { ManualClock } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import {
  healthOf,
  type GenerationStatus,
  type ProjectionStatus,
} from "../../src/projections/status.js";

const clock = new ManualClock();

function projectionWith(
  serving: Partial<GenerationStatus>,
  changes: Partial<ProjectionStatus> = {},
): ProjectionStatus {
  const generation: GenerationStatus = {
    generation: 1,
    version: 1,
    role: "serving",
    state: "live",
    position: 10,
    head: 10,
    lagEvents: 0,
    lagMs: 0,
    positionsPerSecond: 0,
    secondsLeft: 0,
    parked: 0,
    handled: 0,
    failures: 0,
    error: undefined,
    lastCycleAtMs: clock.nowMs(),
    lastAdvanceAtMs: clock.nowMs(),
    ...serving,
  };
  return {
    name: "p",
    lifecycle: "async",
    paused: false,
    skipped: 0,
    generations: [generation],
    rebuild: undefined,
    ...changes,
  };
}

const healthWith = (projection: ProjectionStatus) => healthOf([projection], [], clock, 30_000);
const longAgo = clock.nowMs() - 60_000;

describe("the health of a projection", () => {
  it("is good while it has nothing to do, however long", () => {
    const idle = projectionWith({ lastCycleAtMs: longAgo, lastAdvanceAtMs: longAgo });
    expect(healthWith(idle)).toEqual({ state: "healthy", problems: [] });
  });

  it("is good while it is behind and works", () => {
    const busy = projectionWith({ lagEvents: 500, lagMs: 90_000, state: "catching-up" });
    expect(healthWith(busy).state).toBe("healthy");
  });

  it("is bad where there is something to do and it hasn't looked for too long", () => {
    const behind = { lagEvents: 500, lagMs: 90_000, state: "catching-up" } as const;
    const times = { lastCycleAtMs: longAgo, lastAdvanceAtMs: longAgo };
    expect(healthWith(projectionWith({ ...behind, ...times }))).toMatchObject({
      state: "unhealthy",
      problems: [{ reader: "p", problem: "it has 500 events to handle, and doesn't move" }],
    });
    // What came a moment ago may still be on its way.
    expect(healthWith(projectionWith({ ...behind, ...times, lagMs: 5 })).state).toBe("healthy");
    const lazy = projectionWith({ ...behind, ...times }, { lifecycle: "on-demand" });
    expect(healthWith(lazy).state).toBe("healthy");
  });
});
