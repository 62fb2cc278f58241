import { join } from "node:path";
import { growthOf } from "tidemark";
import { describe, expect, it } from "vitest";
import { openLmdbJournal } from "../../journal/index.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";

const DAY_MS = 86_400_000;

/** Four days: 10, none, 30 and 5 commits, of which every fifth adds a long event to a second stream. */
async function fourDays() {
  const directory = join(temporaryDirectory(), "store");
  const clock = new ManualClock();
  const journal = await openLmdbJournal(lmdbOptions(directory, clock));
  let n = 0;
  for (const commits of [10, 0, 30, 5]) {
    for (let at = 0; at < commits; at++) {
      const streams = [{ streamId: `account/${at}`, events: [{ type: "Paid", data: { n } }] }];
      const long = { type: "Note", data: { text: "x".repeat(1_000) } };
      if (n % 5 === 0) streams.push({ streamId: "note/1", events: [long as never] });
      await journal.append({ streams });
      n += 1;
    }
    await clock.advance(DAY_MS);
  }
  await journal.close();
  return { directory, nowMs: clock.nowMs() - DAY_MS };
}

describe("growth", () => {
  it("counts events by day from the times in the log, and by kind with their bytes", async () => {
    const { directory, nowMs } = await fourDays();
    const report = await growthOf(directory, { days: 5, nowMs });
    expect(report.days.map(({ events }) => events)).toEqual([0, 12, 0, 36, 6]);
    expect(report.days.map(({ after }) => after)).toEqual([0, 0, 12, 12, 48]);
    expect(report.days.at(-1)?.day).toBe(new Date(nowMs).toISOString().slice(0, 10));
    expect(report).toMatchObject({ head: 54, counted: true, commitsRead: 45, eventsPerDay: 16 });
    expect(report.kinds).toMatchObject([
      { streamType: "note", eventType: "Note", events: 9 },
      { streamType: "account", eventType: "Paid", events: 45 },
    ]);
    expect(report.kinds[0]?.bytes).toBeGreaterThan(9_000);
    const bytes = Object.values(report.diskBytes).reduce((sum, part) => sum + part, 0);
    expect(report.bytesPerDay).toBeCloseTo((16 * bytes) / 54);
    expect(report.daysLeft).toBeCloseTo(report.freeBytes / report.bytesPerDay);
    expect(Object.keys(report.diskBytes).sort()).toEqual(["log", "state"]);
  });

  it("of many commits takes evenly spread ones for all, and says so", async () => {
    const { directory, nowMs } = await fourDays();
    const report = await growthOf(directory, { sampleCommits: 20, nowMs });
    expect(report.counted).toBe(false);
    expect(report.commitsRead).toBeGreaterThan(10);
    expect(report.commitsRead).toBeLessThanOrEqual(20);
    const events = report.kinds.reduce((sum, kind) => sum + kind.events, 0);
    expect(Math.abs(events - 54)).toBeLessThanOrEqual(2);
    expect(report.days.reduce((sum, day) => sum + day.events, 0)).toBe(54);
  });

  it("of an empty journal says that nothing grows, and of none that there is none", async () => {
    const directory = join(temporaryDirectory(), "store");
    await (await openLmdbJournal(lmdbOptions(directory))).close();
    const report = await growthOf(directory);
    expect(report).toMatchObject({ head: 0, eventsPerDay: 0, bytesPerDay: 0, kinds: [] });
    expect([report.daysLeft, report.firstRecordedAtMs]).toEqual([undefined, undefined]);
    await expect(growthOf(temporaryDirectory())).rejects.toMatchObject({ code: "journal-format" });
  });
});
