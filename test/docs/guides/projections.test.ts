import type { Runtime } from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import {
  Booking,
  bookings,
  calendarOf,
  mending,
  oneState,
  open,
  ownWrite,
  paging,
  queries,
  rebuilding,
  watching,
} from "../../../examples/guides/projections.js";
import { temporaryDirectory } from "../../support/directories.js";
import { until } from "../../support/until.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

const book = (day: string, ...guests: string[]) =>
  ({ type: "Book", data: { service: "sauna", day, guests } }) as const;

async function withBookings(): Promise<Runtime> {
  const runtime = await openMemoryRuntime({ aggregates: [Booking], projections: [bookings] });
  opened.push(runtime);
  await runtime.ask(Booking, "b1", book("2026-05-02", "ada", "bo"));
  await runtime.ask(Booking, "b2", book("2026-05-03", "ada"));
  await runtime.ask(Booking, "b3", book("2026-06-01", "cy"));
  await runtime.view(bookings).count({ fresh: true });
  return runtime;
}

describe("the guide to projections", () => {
  it("finds documents by their indexes, page by page, and in one state", async () => {
    const runtime = await withBookings();
    const { one, both, ofMay, latest, ofAda } = await queries(runtime);
    const b1 = { service: "sauna", day: "2026-05-02", guests: ["ada", "bo"] };
    const b2 = { service: "sauna", day: "2026-05-03", guests: ["ada"] };
    expect(one).toEqual(b1);
    expect(both).toEqual([b1, b2]);
    expect(ofMay.entries.map(({ id }) => id)).toEqual(["b1", "b2"]);
    expect(latest.entries.map(({ id }) => id)).toEqual(["b2", "b1"]);
    expect(ofAda).toBe(2);
    expect(await paging(runtime, 2)).toEqual(["2026-05-02", "2026-05-03", "2026-06-01"]);
    expect(await oneState(runtime)).toEqual([3, 2]);
  });

  it("reads one's own write, from a directory too", async () => {
    const runtime = await open(temporaryDirectory());
    opened.push(runtime);
    await runtime.ask(Booking, "b1", book("2026-05-02"));
    expect(await ownWrite(runtime)).toEqual({
      moved: { service: "sauna", day: "2026-05-04", guests: [] },
      count: 1,
    });
  });

  it("watches a document and a query, until it is gone", async () => {
    const runtime = await withBookings();
    const lines: string[] = [];
    const watched = watching(runtime, (line) => lines.push(line));
    await until(() => lines.length === 4);
    await runtime.ask(Booking, "b1", { type: "Move", data: { day: "2026-05-05" } });
    await until(() => lines.length === 6);
    await runtime.ask(Booking, "b1", { type: "Cancel" });
    await watched;
    expect(lines.filter((line) => line.startsWith("b1:"))).toEqual([
      "b1: 2026-05-02",
      "b1: 2026-05-05",
      "b1: cancelled",
    ]);
    expect(lines.filter((line) => !line.startsWith("b1:"))).toEqual([
      "b1 on 2026-05-02",
      "b2 on 2026-05-03",
      "b3 on 2026-06-01",
      "b1 on 2026-05-05",
      "b1 left",
    ]);
  });

  it("rebuilds, approves, rolls back and forgets", async () => {
    const { rebuild, done, handled } = await rebuilding(await withBookings());
    expect(rebuild).toMatchObject({
      phase: "awaiting-approval",
      diff: { added: 0, removed: 0, changed: 0 },
    });
    expect(done?.phase).toBe("done");
    expect(handled).toBe(1);
  });

  it("parks what a handler fails on, and goes on once it is mended", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const deploy = async (isDay: (day: string) => boolean) => {
      const calendar = calendarOf(isDay);
      const options = { aggregates: [Booking], projections: [calendar], directory, clock };
      const runtime = await openMemoryRuntime(options);
      opened.push(runtime);
      return { runtime, calendar };
    };
    const { runtime, calendar } = await deploy((day) => day.startsWith("2026-05"));
    const days = runtime.view(calendar);
    await runtime.ask(Booking, "b1", book("2026-06-01"));
    await runtime.ask(Booking, "b1", { type: "Move", data: { day: "2026-05-02" } });
    await runtime.ask(Booking, "b2", book("2026-05-03"));
    await runtime.ask(Booking, "b3", book("whenever"));
    // Five attempts each, after 100, 200, 400 and 800 ms.
    for (let ms = 0; ms < 3_200; ms += 100) await clock.advance(100);
    expect(runtime.operations.parked(calendar)).toMatchObject([
      { key: "b1", position: 1, error: "no such day", queued: false },
      { key: "b1", position: 2, queued: true },
      { key: "b3", position: 4, error: "no such day", queued: false },
    ]);
    expect(await days.get("b2")).toEqual({ day: "2026-05-03" });
    expect(runtime.health()).toMatchObject({
      state: "degraded",
      problems: [{ reader: "calendar" }],
    });
    await runtime.close();

    const mended = await deploy((day) => day.startsWith("2026"));
    const { replay, record } = await mending(mended.runtime, mended.calendar);
    expect(replay).toMatchObject({ replayed: 2, failed: { position: 4 } });
    expect(await mended.runtime.view(mended.calendar).get("b1")).toEqual({ day: "2026-05-02" });
    expect(mended.runtime.operations.parked(mended.calendar)).toEqual([]);
    expect(record.map(({ type }) => type)).toEqual([
      "ParkedReplayed",
      "EventSkipped",
      "ParkedReplayed",
      "ParkedDiscarded",
      "Paused",
      "Resumed",
    ]);
  });
});
