import { describe, expect, it } from "vitest";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

describe("the orders example", () => {
  it("brings every order to its end over three services, whatever is refused, late, doubled, killed or away", async () => {
    const { output, code } = await startExample("orders", [FULL ? "--full" : "--ci"]).ended;
    expect(code, output).toBe(0);
    for (const [branch, ended] of [
      ["happy path", "confirmed"],
      ["payment accepted later", "confirmed"],
      ["payment rejected", "rejected: no-money"],
      ["reservation expired", "rejected: payment-timeout"],
      ["not enough seats", "rejected: not-enough-seats"],
      ["seats timeout", "rejected: seats-timeout"],
      ["duplicated", "confirmed"],
      ["reordered", "confirmed"],
      ["reordered, no seats", "rejected: not-enough-seats"],
      [/payments down for \d+\.\d s/.source, "20 confirmed, 5 rejected"],
      ["the server loses its log", "confirmed"],
      [`orders killed ${FULL ? 5 : 2} times`, /\d+ confirmed, \d+ rejected/.source],
    ])
      expect(output).toMatch(new RegExp(`│ ${branch} +│ ${ended} +│`));
    expect(output).toMatch(/of (150|600) orders \d+ were under way/);
    expect(output).toMatch(/confirmed : confirmed \(\d+\)/);
    expect(outcomeOf(output)).toMatchObject({
      "ways through the saga, each at its end": "12",
      "instances parked, or inputs for nobody": "0",
    });
    expect(output).toContain("seats, payments and registrations agree.");
  });
});
