import { describe, expect, it } from "vitest";
import { runExample } from "../support/examples.js";

describe("the bookings example", () => {
  it("shows a new name in all bookings at once, while others are booked, also after a reopening", async () => {
    const { output, code } = await runExample("bookings", ["--ci"]);
    expect(output).toMatch(/its bookings show it after +[\d.]+ ms, all at once/);
    expect(output).toMatch(/bookings answered before that +[1-9]/);
    expect(output).toMatch(/opened again, 1,000 of [\d,]+ bookings have the name/);
    expect(output).toMatch(/booking-\d+ +\w+ \d+ +Massage of tomorrow, 2026-05-04/);
    expect(code).toBe(0);
  });
});
