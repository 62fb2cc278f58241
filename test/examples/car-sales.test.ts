import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { runExample } from "../support/examples.js";

/** The cars and owners at the end, which don't depend on when version 2 took over. */
const endOf = (output: string) => output.slice(output.indexOf("Opened again"));

describe("the car-sales example", () => {
  it("ends the same when the rebuild is killed in the middle: it goes on where it was", async () => {
    const straight = temporaryDirectory();
    const whole = await runExample("car-sales", ["--ci", "--directory", straight]);
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.output).toMatch(/is read .* ms later \(catching-up\)/);
    expect(whole.output).toMatch(/answered by phase +catching-up \d+, .*awaiting-approval \d+/);
    expect(whole.output).toMatch(/2,000 cars, equal to a fold of/);
    expect(whole.output).toContain("RolledBack");
    expect(endOf(whole.output)).toContain("version 2 serves 2,000 cars");

    const killed = temporaryDirectory();
    const args = ["--ci", "--directory", killed, "--deploy"];
    expect(await runExample("car-sales", [...args, "1"])).toMatchObject({ code: 0 });
    const cut = await runExample("car-sales", [...args, "2"], (output) =>
      output.includes("built up to"),
    );
    expect(cut.code).toBeNull();
    const last = await runExample("car-sales", [...args, "2"]);
    expect(last.output).toMatch(/it goes on from [1-9]/);
    expect(last.code).toBe(0);
    expect(endOf(last.output)).toBe(endOf(whole.output));
  });
});
