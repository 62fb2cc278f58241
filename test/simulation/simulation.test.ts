import { describe, expect, it } from "vitest";
import { randomFrom } from "../support/random.js";
import { World } from "./world.js";

/** More with SIMULATIONS=1000 SIMULATION_STEPS=2000; the same again with SEED=…. */
const SIMULATIONS = Number(process.env["SIMULATIONS"] ?? 60);
const STEPS = Number(process.env["SIMULATION_STEPS"] ?? 400);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

describe(`a simulated service, ${SIMULATIONS} times ${STEPS} steps, from seed ${SEED}`, () => {
  it("keeps its promises through crashes, failing disks, repeated commands and jumping clocks", async () => {
    const total = {
      accepted: 0,
      rejected: 0,
      failed: 0,
      crashes: 0,
      faults: 0,
      operations: 0,
      sagaRequests: 0,
    };
    for (let n = 0; n < SIMULATIONS; n++) {
      const world = new World(randomFrom(SEED + n));
      await world.run(STEPS);
      expect({ seed: SEED + n, problems: world.problems }).toEqual({
        seed: SEED + n,
        problems: [],
      });
      for (const name of Object.keys(total) as (keyof typeof total)[])
        total[name] += world.counts[name];
    }
    console.log(
      `simulation: ${SIMULATIONS} × ${STEPS} steps, seed ${SEED}, ${JSON.stringify(total)}`,
    );
    expect(total.accepted).toBeGreaterThan(SIMULATIONS * 20);
    expect(total.crashes).toBeGreaterThan(0);
  });

  it("goes the same way with the same seed, and another way with another", async () => {
    const traceOf = (seed: number) => new World(randomFrom(seed)).run(STEPS);
    for (let n = 0; n < 5; n++) {
      const trace = await traceOf(SEED + n);
      expect(await traceOf(SEED + n)).toBe(trace);
      expect(await traceOf(SEED + n + 1_000_000)).not.toBe(trace);
    }
  });
});
