import { describe, expect, it } from "vitest";
import { outcomeOf, startExample } from "../support/programs.js";

describe("the profile example", () => {
  it("records one form as one commit of fine-grained events, and hands a view of one type only that type", async () => {
    const { output, code } = await startExample("profile", ["--ci"]).ended;
    expect(code, output).toBe(0);
    expect(outcomeOf(output)).toMatchObject({
      "commits of a form with three changed fields": "1",
      "events of that commit": "3",
      "people in the view": "101",
      "handled of the next ones, opened again": "1",
    });
    expect(output).toMatch(/one commit of three events\n +\d+ NameChanged .*\n +\d+ BirthDate/);
    const [, handled] = /handled by the view +([\d,]+) events/.exec(output) ?? [];
    expect(output).toMatch(new RegExp(`of the one type +${handled} of [\\d,]+ events`));
    expect(output).toMatch(/of 103 more events it handled 1\./);
    expect(output).toMatch(/Birthday on 12-11: .*Ada King/);
  });
});
