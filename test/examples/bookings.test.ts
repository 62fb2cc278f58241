import { describe, expect, it } from "vitest";
import { outcomeOf, startExample } from "../support/programs.js";

describe("the bookings example", () => {
  it("shows a new name in all of 10,000 bookings at once, while others are booked, also after a reopening", async () => {
    const { output, code } = await startExample("bookings", ["--full"]).ended;
    expect(code, output).toBe(0);
    expect(outcomeOf(output)).toMatchObject({
      "bookings with the new name, opened again": "10000",
      "times a reader saw some renamed, not all": "0",
      "commands answered before it was shown": "true",
    });
    expect(output).toMatch(/its bookings show it after +[\d.]+ ms, all at once/);
    expect(output).toMatch(/bookings answered before that +[1-9]/);
    expect(output).toMatch(/booking-\d+ +\w+ \d+ +Massage of tomorrow, 2026-05-04/);
  });
});
