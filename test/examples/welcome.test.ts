import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryDirectory } from "../support/directories.js";
import { outcomeOf, startExample, startProgram } from "../support/programs.js";
import { randomFrom } from "../support/random.js";

const SERVICE = "examples/welcome/sign-up-process.js";
const SEED = Number(process.env["SEED"] ?? 20_262);
const KILLS = 20;
const USERS = 2_000;

/** As the example says it: one in fifteen has no address, one in ten one that is taken. */
const welcomed = Array.from({ length: USERS }, (_, n) => n)
  .filter((n) => n % 15 !== 14 && n % 10 !== 9)
  .map((n) => `user-${n}@example.org`);

describe("the welcome example", () => {
  it("sends one mail each through crashes, refusals, a rebuild, the loss of the views and a pause", async () => {
    const { output, code } = await startExample("welcome", ["--ci"]).ended;
    for (const line of [
      "Killed after user-20 was recorded, before their mail went out.",
      "Killed after the mail to user-40 went out, before that was noted.",
      "Refused: 8. All asked again: no mail.",
      "View rebuilt: no mail.",
      "All views deleted, and built from the log: no mail.",
      'View paused: "late" is not yet in the view, "x" does not exist; no mail yet.',
      "One mail each: 53 users, 53 mails.",
    ])
      expect(output).toContain(line);
    expect(outcomeOf(output)).toEqual({
      "mails, one for each who signed up": "53",
      "mails asked for again that had gone out": "1",
      "mails to those who were refused": "0",
      "mails by a rebuild and by the loss of the views": "0",
      "mails while the view stood still": "0",
    });
    expect(code, output).toBe(0);
  });

  it(`sends one mail each when its service is killed at ${KILLS} random points and started again`, async () => {
    const random = randomFrom(SEED);
    const directory = temporaryDirectory();
    const args = [directory, String(USERS)];
    for (let n = 0; n < KILLS; n++) {
      const program = startProgram(SERVICE, args);
      program.killAfter(1 + Math.floor(random() * 15), /^(signed up|mail to) user-\d+$/);
      const { signal, output } = await program.ended;
      expect(signal, `kill ${n} of seed ${SEED}: ${output}`).toBe("SIGKILL");
    }
    const { output, code } = await startProgram(SERVICE, args).ended;
    expect(code, output).toBe(0);
    const requests = readFileSync(join(directory, "mails.ndjson"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { to: string; repeated: boolean });
    const sent = requests.filter(({ repeated }) => !repeated).map(({ to }) => to);
    expect(sent.sort()).toEqual(welcomed.sort());
    expect(requests.length).toBeGreaterThan(sent.length);
  });
});
