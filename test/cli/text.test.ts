import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bytesText,
  count,
  dataText,
  durationText,
  jsonText,
  safe,
  safeLines,
} from "../../src/cli/text.js";

/** Whatever a terminal takes as a command, or that turns the direction of writing around. */
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("text for a terminal", () => {
  it("spells out what would clear a screen, ring a bell, begin a line, or turn writing around", () => {
    expect(safe("\u001b[2J\u0007\u009b31m")).toBe("\\u001b[2J\\u0007\\u009b31m");
    expect(safe("one\ntwo\rthree\t")).toBe("one\\ntwo\\rthree\\t");
    expect(safe("\u202egnp.exe")).toBe("\\u202egnp.exe");
    expect(safeLines("one\n\u001btwo")).toBe("one\n\\u001btwo");
  });

  it("leaves letters of all scripts and signs as they are", () => {
    expect(safe("Zoë 日本 مرحبا 👍🏽 – “quoted”")).toBe("Zoë 日本 مرحبا 👍🏽 – “quoted”");
  });

  it("never lets anything through that steers, of whatever text, and JSON reads back equal", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(safe(text)).not.toMatch(STEERING);
        const json = jsonText({ text });
        expect(json).not.toMatch(STEERING);
        expect(JSON.parse(json)).toEqual({ text: text.toWellFormed() });
      }),
    );
  });

  it("writes what JSON has no form for in a form of its own", () => {
    expect(dataText({ cents: 12n, at: new Date(0) })).toBe(
      '{"cents":{"$bigint":"12"},"at":{"$date":"1970-01-01T00:00:00.000Z"}}',
    );
    expect(dataText(undefined)).toBe("");
    expect(dataText({ secret: 1 }, true)).toBe("(hidden)");
  });

  it("gives durations and sizes in the largest unit that fits", () => {
    expect([0, 999, 1_000, 90_000, 5_400_000, 172_800_000].map(durationText)).toEqual([
      "0 ms",
      "999 ms",
      "1 s",
      "1.5 min",
      "1.5 h",
      "2 d",
    ]);
    expect([0, 1_023, 1_536, 3 * 1_024 ** 3].map(bytesText)).toEqual([
      "0 bytes",
      "1,023 bytes",
      "1.5 KiB",
      "3 GiB",
    ]);
    expect([count(1, "event"), count(1_200, "event")]).toEqual(["1 event", "1,200 events"]);
  });
});
