import { describe, expect, it } from "vitest";
import { startProgram } from "../support/programs.js";

describe("the catalog example", () => {
  it("shows each user's name of today, once taken over, through kills of both services and of NATS", async () => {
    const { output, code } = await startProgram("examples/catalog/main.js", ["--ci"]).ended;
    expect(code, output).toBe(0);
    for (const line of [
      "It asks for them 1 time: User 01999 of spring.",
      "Started again: all 5,000 are there",
      "The list: 508 products with every name.",
      "no-responders",
      "a product of somebody unknown is taken, and shown without a name",
      "the one who was unknown registers: Later.",
      "11,001 of 11,001 events of users are in the products service's journal, each once.",
      "2,001 users, 509 products.",
      "Fetched: 1 user for 8 products",
    ])
      expect(output).toContain(line);
    expect(output).toMatch(/Killed when [\d,]+ of 5,000 events were received/);
    expect(output).toMatch(/the users service was killed half-way\. Sent again: \d/);
    expect(output).toMatch(/NATS was killed half-way\. Sent again: .*disconnected/);
  });
});
