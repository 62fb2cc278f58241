import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { outcomeOf, startExample } from "../support/programs.js";
import { randomFrom } from "../support/random.js";

const SEED = Number(process.env["SEED"] ?? 20_261);
const KILLS = 6;

describe("the foos example", () => {
  it("answers both calls for another process as a fold of the log does", async () => {
    const { output, code } = await startExample("foos", ["--ci"]).ended;
    expect(output).toContain(
      "Every answer, over gRPC and over NATS, equals a fold of the 4000 events of the log",
    );
    expect(output).toMatch(/GetFoo +foos\.svc\.GetFoo +One foo by its id/);
    expect(output).toMatch(/GetFoos +foos\.svc\.GetFoos +All foos/);
    expect(output).toContain("GetFoos: 250 foos, 166 active, 84 inactive");
    expect(code).toBe(0);
  });

  it("has every reading once in log, view and history when it is killed at random points and started again", async () => {
    const random = randomFrom(SEED);
    const args = ["--size", "20000", "--directory", temporaryDirectory()];
    for (let n = 0; n < KILLS; n++) {
      const program = startExample("foos", args);
      program.killAfter(1 + Math.floor(random() * 6), /^line \d+$/);
      const { signal, output } = await program.ended;
      expect(signal, `kill ${n} of seed ${SEED}: ${output}`).toBe("SIGKILL");
    }
    const { output, code } = await startExample("foos", args).ended;
    expect(output).toMatch(/Went on after line \d+/);
    expect(code, output).toBe(0);
    expect(outcomeOf(output)).toMatchObject({
      "readings in the log, each line once": "20000",
      "foos over gRPC, each as a fold of the log has it": "250",
      "foos over NATS, each as a fold of the log has it": "250",
    });
  });
});
