import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

const CARS = FULL ? 50_000 : 2_000;
const SIZE = ["--ci", "--size", String(CARS)];

/** The cars and owners at the end, which don't depend on when version 2 took over. */
const endOf = (output: string) => output.slice(output.indexOf("Opened again")).split("└")[0];

describe("the car-sales example", () => {
  it("ends the same when the rebuild is killed in the middle: it goes on where it was", async () => {
    const straight = temporaryDirectory();
    const whole = await startExample("car-sales", [...SIZE, "--directory", straight]).ended;
    expect(whole.code, whole.output).toBe(0);
    expect(outcomeOf(whole.output)).toEqual({
      "cars in version 1, as a fold without renames has them": String(CARS),
      "version that served while version 2 was built": "1",
      "commands answered from its first event to its last": "600",
      "cars read as of just now while it was built": "1",
      "cars when it took over, as a fold has them": String(CARS),
      "version that serves after one call of rollback": "1",
      "version that serves, opened again": "2",
      "cars in it, as a fold of the whole log has them": String(CARS),
    });
    expect(whole.output).toMatch(/is read .* ms later \(catching-up\)/);
    expect(whole.output).toMatch(/answered by phase +catching-up \d+, .*awaiting-approval \d+/);
    expect(whole.output).toContain("RolledBack");
    expect(endOf(whole.output)).toContain(`version 2 serves ${CARS.toLocaleString("en")} cars`);

    const killed = temporaryDirectory();
    const args = [...SIZE, "--directory", killed, "--deploy"];
    expect(await startExample("car-sales", [...args, "1"]).ended).toMatchObject({ code: 0 });
    const cut = startExample("car-sales", [...args, "2"]);
    cut.killWhen((output) => output.includes("built up to"));
    expect(await cut.ended).toMatchObject({ signal: "SIGKILL" });
    const last = await startExample("car-sales", [...args, "2"]).ended;
    expect(last.output).toMatch(/it goes on from [1-9]/);
    expect(last.code).toBe(0);
    expect(endOf(last.output)).toBe(endOf(whole.output));
  });
});
