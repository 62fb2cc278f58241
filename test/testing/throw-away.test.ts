import { existsSync, readdirSync } from "node:fs";
import { aggregate, openRuntime } from "tidemark";
import { inTemporaryDirectory, pickAt, randomAt } from "tidemark/testing";
import { describe, expect, it } from "vitest";

const Counter = aggregate<number, { type: "Add" }, { type: "Added" }>({
  name: "counter",
  initialState: () => 0,
  decide: { Add: () => ({ type: "Added" }) },
  evolve: { Added: (count) => count + 1 },
});

describe("a temporary directory", () => {
  it("is there and empty, holds a runtime that is closed and opened again, and is gone afterwards", async () => {
    const used = await inTemporaryDirectory(async (directory) => {
      expect(readdirSync(directory)).toEqual([]);
      for (let n = 0; n < 2; n++) {
        const runtime = await openRuntime({ directory, aggregates: [Counter] });
        await runtime.ask(Counter, "a", { type: "Add" });
        expect((await runtime.state(Counter, "a")).state).toBe(n + 1);
        await runtime.close();
      }
      return directory;
    });
    expect(existsSync(used)).toBe(false);
  });

  it("is gone when the work in it fails, which is what is told", async () => {
    let used = "";
    const failing = inTemporaryDirectory(async (directory) => {
      used = directory;
      throw new Error("no luck");
    });
    await expect(failing).rejects.toThrow("no luck");
    expect([used === "", existsSync(used)]).toEqual([false, false]);
  });
});

describe("numbers by place", () => {
  it("are the same in every version", () => {
    expect([0, 1, 70_000].map((place) => Math.floor(randomAt(7, place) * 1e9))).toEqual([
      785_086_320, 196_615_362, 787_451_490,
    ]);
    expect(pickAt(["a", "b", "c"], 7, 2)).toBe("b");
  });

  it("are spread over 0 to 1, and independent of those of the next place and seed", () => {
    const COUNT = 20_000;
    for (const other of [
      (n: number) => randomAt(1, n + 1),
      (n: number) => randomAt(2, n),
      (n: number) => randomAt(1_000_000, n),
    ]) {
      const boxes = new Array<number>(64).fill(0);
      for (let n = 0; n < COUNT; n++) {
        const box = Math.floor(randomAt(1, n) * 8) * 8 + Math.floor(other(n) * 8);
        boxes[box] = (boxes[box] ?? 0) + 1;
      }
      // 312 each are expected, give or take 18.
      for (const count of boxes) expect(Math.abs(count - COUNT / 64)).toBeLessThan(120);
    }
  });
});
