import { describe, expect, it } from "vitest";
import { startExample } from "../support/programs.js";

describe("the attribute-queries example", () => {
  it("finds documents by each of five indexes, with memory that doesn't grow and only changes written", async () => {
    const { output, code } = await startExample("attribute-queries", ["--ci"]).ended;
    expect(output).toContain("3,000 documents with five indexes");
    for (const kind of ["unique", "single", "compound", "multi-valued", "computed"])
      expect(output).toMatch(new RegExp(`${kind}: .* p50 +\\d+ µs`));
    expect(output).toMatch(/memory in use +[\d.]+ MiB with 300, [\d.]+ MiB with all/);
    expect(output).toMatch(
      /8 of 8 documents of a brand were handled, 4 were different and written/,
    );
    expect(output).toContain("Everything was found where it belongs.");
    expect(code).toBe(0);
  });
});
