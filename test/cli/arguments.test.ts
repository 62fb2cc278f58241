import { describe, expect, it } from "vitest";
import { atOf, durationOf, integerFrom, jsonOf, listOf, timeOf } from "../../src/cli/arguments.js";

describe("what is typed", () => {
  it("takes a time as UTC unless it names a zone", () => {
    const ten = Date.UTC(2026, 0, 5, 10);
    expect(["2026-01-05T10:00", "2026-01-05 10:00", "2026-01-05T11:00+01:00"].map(timeOf)).toEqual([
      ten,
      ten,
      ten,
    ]);
    expect(timeOf("2026-01-05")).toBe(Date.UTC(2026, 0, 5));
    expect(timeOf("2026-01-05T10:00:30.250Z")).toBe(ten + 30_250);
  });

  it("takes a duration as so long ago where a time is wanted", () => {
    const agoMs = Date.now() - timeOf("2h");
    expect(Math.round(agoMs / 60_000)).toBe(120);
    expect(["90s", "15m", "2h", "3d", "1w"].map(durationOf)).toEqual([
      90_000, 900_000, 7_200_000, 259_200_000, 604_800_000,
    ]);
  });

  it.each(["", "yesterday", "2026-13-01", "2026-01-05T25:00", "10:00", "2x", "1e3", "2026"])(
    "refuses %j as a time, and says what one is like",
    (text) => {
      expect(() => timeOf(text)).toThrow("2026-01-05T10:00");
    },
  );

  it("takes a moment of a stream as a version, a position or a time", () => {
    expect(atOf("version:12")).toEqual({ version: 12 });
    expect(atOf("position:400")).toEqual({ position: 400 });
    expect(atOf("2026-01-05T10:00")).toEqual({ timeMs: Date.UTC(2026, 0, 5, 10) });
    expect(() => atOf("version:last")).toThrow("whole number");
  });

  it("takes whole numbers only, from the smallest one allowed", () => {
    const limit = integerFrom(1);
    expect([limit("1"), limit("1000")]).toEqual([1, 1_000]);
    for (const bad of ["0", "-1", "1.5", "1e3", "0x10", "", " 1", "9007199254740993"])
      expect(() => limit(bad)).toThrow("Give a whole number from 1.");
  });

  it("takes lists separated by commas, or given several times", () => {
    expect(listOf("Sold", listOf("Received,Counted"))).toEqual(["Received", "Counted", "Sold"]);
  });

  it("refuses data that isn't JSON, and shows what is", () => {
    expect(jsonOf('{"cents": 5}')).toEqual({ cents: 5 });
    expect(() => jsonOf("{cents: 5}")).toThrow(`'{"cents": 5}'`);
  });
});
