import { describe, expect, it } from "vitest";
import { brokenDisk, restart, specification } from "../../../examples/guides/testing.js";

describe("the guide to testing", () => {
  it("specifies an aggregate", () => {
    expect(specification).not.toThrow();
  });

  it("opens a runtime in memory again where another left off", async () => {
    expect(await restart()).toEqual({
      state: { owner: null, email: null, cents: 100 },
      version: 1,
    });
  });

  it("has the third append fail although it was written, and the journal take no more until it is opened again", async () => {
    expect(await brokenDisk()).toEqual({
      outcomes: ["accepted", "accepted", "append-outcome-unknown", "journal-poisoned"],
      version: 3,
    });
  });
});
