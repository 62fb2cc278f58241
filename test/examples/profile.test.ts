import { describe, expect, it } from "vitest";
import { startExample } from "../support/programs.js";

describe("the profile example", () => {
  it("records one form as one commit of fine-grained events, and hands a view of one type only that type", async () => {
    const { output, code } = await startExample("profile", ["--ci"]).ended;
    expect(output).toMatch(/one commit of three events\n +\d+ NameChanged .*\n +\d+ BirthDate/);
    const [, handled] = /handled by the view +([\d,]+) events/.exec(output) ?? [];
    expect(output).toMatch(new RegExp(`of the one type +${handled} of [\\d,]+ events`));
    expect(output).toMatch(/of 103 more events it handled 1\./);
    expect(output).toMatch(/Birthday on 12-11: .*Ada King/);
    expect(code).toBe(0);
  });
});
