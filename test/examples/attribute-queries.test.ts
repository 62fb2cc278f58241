import { describe, expect, it } from "vitest";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

const DOCUMENTS = FULL ? 1_000_000 : 3_000;

describe("the attribute-queries example", () => {
  it("finds documents by each of five indexes, with memory that doesn't grow and only changes written", async () => {
    const { output, code } = await startExample("attribute-queries", [FULL ? "--full" : "--ci"])
      .ended;
    expect(code, output).toBe(0);
    expect(output).toContain(`${DOCUMENTS.toLocaleString("en")} documents with five indexes`);
    for (const kind of ["unique", "single", "compound", "multi-valued", "computed"])
      expect(output).toMatch(new RegExp(`${kind}: .* p50 +\\d+ µs`));
    expect(outcomeOf(output)).toMatchObject({
      "documents, opened again while it was behind": String(DOCUMENTS),
      "memory grew by less than 64 MiB": "true",
      "documents written of those handled": FULL ? "50" : "4",
    });
    expect(output).toMatch(/\d+ of [\d,]+ documents of a brand were handled/);
    expect(output).toContain("Everything was found where it belongs.");
  });
});
