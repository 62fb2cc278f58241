import { describe, expect, it } from "vitest";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

const [args, members] = FULL ? [["--full"], 1_000_000] : [["--ci"], 600];

describe("the library-rules example", () => {
  it(
    "raises what a plain fold raises, each alert once, killed twice on the way and when the rules change",
    { timeout: FULL ? 14_400_000 : 120_000 },
    async () => {
      const { output, code } = await startExample("library-rules", args).ended;
      expect(code, output).toBe(0);
      expect(output).toMatch(/^Killed on day 45, .*; started again with [\d,]+ events\.$/m);
      expect(output).toMatch(/^Killed on day 90, .*; started again with [\d,]+ events\.$/m);
      const outcome = outcomeOf(output);
      expect(outcome).toMatchObject({
        "members, each with a session": String(members),
        "sessions in memory at the most": "true",
        "memory grew by less than 128 MiB from a tenth of them to all": "true",
        "alerts sent again when the rules changed": "0",
        "alerts raised twice": "0",
      });
      for (const what of [
        "loans lent before a kill that timed out after it",
        "reminders sent, one for each overdue loan",
        "alerts that say which rule and which events",
        "firings that four books instead of three would have changed",
        "alerts in the end",
      ])
        expect(Number(outcome[what]), what).toBeGreaterThan(0);
      expect(output).toMatch(
        /^rule lent-to-blocked of library-rules .*\n(?: .*\n)* {6}rule overdue of library-rules /m,
      );
    },
  );
});
