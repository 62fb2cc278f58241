import { describe, expect, it } from "vitest";
import {
  follow,
  lookAround,
  lookWithoutService,
  openBank,
  pauseAndResume,
} from "../../../examples/guides/administration.js";
import { temporaryDirectory } from "../../support/directories.js";

describe("the guide to administration", () => {
  it("looks at a running service, changes it and follows its log", async () => {
    const directory = temporaryDirectory();
    const runtime = await openBank(directory);
    expect(await lookAround(directory)).toEqual({
      health: "healthy",
      problems: [],
      changes: [
        [{ path: "cents", before: 0, after: 100 }],
        [{ path: "cents", before: 100, after: 70 }],
      ],
    });
    expect(await pauseAndResume(directory)).toEqual([
      ["Resumed", "recorded", undefined],
      ["projection.resume", "done", undefined],
      ["Paused", "recorded", "moving disks"],
      ["projection.pause", "done", "moving disks"],
    ]);
    const types: string[] = [];
    await follow(directory, (type) => types.push(type) < 2);
    expect(types).toEqual(["Deposited", "Withdrawn"]);
    await runtime.close();
    expect(await lookWithoutService(directory)).toMatchObject({ cents: 100 });
  });
});
