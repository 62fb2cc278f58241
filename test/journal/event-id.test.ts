import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventIdOf } from "../../journal/event-id.js";

describe("the id of an event", () => {
  it("is the store's id and the position in decimal digits, whichever was asked for before (property)", () => {
    const position = fc.oneof(
      fc.integer({ min: 1, max: 3_000 }),
      fc.maxSafeInteger().map(Math.abs),
      fc.constantFrom(1, 999, 1_000, 1_001, 1_999, 2_000, 999_999, 1_000_000, 2 ** 53 - 1),
    );
    const asked = fc.tuple(fc.constantFrom("store-1", "store-2"), position);
    fc.assert(
      fc.property(fc.array(asked), (all) => {
        for (const [storeId, at] of all) expect(eventIdOf(storeId, at)).toBe(`${storeId}:${at}`);
      }),
    );
  });
});
