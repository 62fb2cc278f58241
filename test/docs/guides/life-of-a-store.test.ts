import { join } from "node:path";
import { backupStore, openRuntime, type Runtime } from "tidemark";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  compact,
  growth,
  Meter,
  move,
  openWithRetention,
  reclaim,
  restore,
  tombstone,
} from "../../../examples/guides/life-of-a-store.js";
import { built } from "../../support/built.js";
import { temporaryDirectory } from "../../support/directories.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

async function openIn(directory: string): Promise<Runtime> {
  const runtime = await openRuntime({ directory, aggregates: [Meter], freeBytesMin: 0 });
  opened.push(runtime);
  return runtime;
}

async function metered(directory: string): Promise<Runtime> {
  const runtime = await openIn(directory);
  for (let litres = 1; litres <= 5; litres++)
    await runtime.ask(Meter, "m-1", { type: "Read", data: { litres } });
  await runtime.ask(Meter, "m-2", { type: "Read", data: { litres: 9 } });
  return runtime;
}

describe("the guide to the life of a store", () => {
  it("moves a store, and puts a backup back", async () => {
    const folder = temporaryDirectory();
    const directory = join(folder, "data");
    await metered(directory);
    const moved = await move(directory, join(folder, "all.ndjson.gz"), join(folder, "copy"));
    expect(moved).toMatchObject({ commits: 6, head: 6, equal: true });
    await backupStore(directory, join(folder, "backup"));
    const { verified } = await built.restoreStore(join(folder, "backup"), join(folder, "restored"));
    expect(verified).toMatchObject({ head: 6, problems: [] });
    // What verifies in a process of its own runs compiled only; the refusal comes before.
    await expect(restore(join(folder, "backup"), directory)).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("compacts an entity, reclaims its space, ends it, and tells what grows", async () => {
    const log = vi.spyOn(console, "log").mockReturnValue();
    const folder = temporaryDirectory();
    const directory = join(folder, "data");
    const runtime = await metered(directory);
    const { version, archive } = await compact(runtime, join(folder, "m-1.ndjson"));
    expect([version, archive.lastVersion]).toEqual([6, 5]);
    await runtime.close();
    const { plan, untouchedCommits } = await reclaim(directory, join(folder, "smaller"));
    expect([plan.events, untouchedCommits]).toEqual([5, 2]);
    expect(log.mock.calls).toEqual([["meter/m-1: 5 events up to version 5"]]);
    log.mockRestore();
    const smaller = await openIn(join(folder, "smaller"));
    expect(await smaller.state(Meter, "m-1")).toMatchObject({ state: { total: 15, readings: 5 } });
    expect(await tombstone(smaller)).toEqual({
      answer: {
        status: "rejected",
        code: "tombstoned",
        details: { streamId: "meter/m-1", version: 8 },
      },
      state: { total: 0, readings: 0 },
      tombstoned: true,
    });
    const figures = await growth(join(folder, "smaller"));
    expect(figures.days).toHaveLength(7);
    expect(figures.kinds.find(({ eventType }) => eventType === "tidemark.Archived")?.events).toBe(
      5,
    );
  });

  it("keeps command ids for a time", async () => {
    const runtime = await openWithRetention(join(temporaryDirectory(), "data"));
    opened.push(runtime);
    const command = { type: "Read", data: { litres: 1 } } as const;
    await runtime.ask(Meter, "m-1", command, { commandId: "r-1" });
    expect(await runtime.ask(Meter, "m-1", command, { commandId: "r-1" })).toMatchObject({
      duplicate: true,
    });
    expect(runtime.status().journal.commandIds).toBe(1);
  });
});
