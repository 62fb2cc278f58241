import fc from "fast-check";
import { givenRules } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import type { Change } from "../../examples/library-rules/branch.js";
import { alertsOf } from "../../examples/library-rules/expected.js";
import {
  LATENESS_MS,
  LibraryRulesV1,
  LibraryRulesV2,
} from "../../examples/library-rules/library-rules.js";
import { FULL, outcomeOf, startExample } from "../support/programs.js";

const [args, members] = FULL ? [["--full"], 1_000_000] : [["--ci"], 600];

const RUNS = Number(process.env["LIBRARY_RUNS"] ?? 300);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Pauses after which something is due at that very moment, just before or just after, or nothing is. */
const pause = fc.constantFrom(
  ...[0, 1, 2 * MINUTE_MS, 5 * MINUTE_MS, 5 * MINUTE_MS + 1, DAY_MS, 7 * DAY_MS, 14 * DAY_MS],
  ...[28 * DAY_MS, 28 * DAY_MS + 1, 90 * DAY_MS],
);
const step = fc.record({
  type: fc.constantFrom("Lent", "Lent", "Lent", "Returned", "Returned", "Checked", "StaffJoined"),
  book: fc.integer({ min: 0, max: 5 }).map((n) => `book-${n}`),
  pause,
});

function storyOf(steps: readonly { type: string; book: string; pause: number }[]): Change[] {
  let atMs = 0;
  return steps.map(({ type, book, pause }) => {
    atMs += pause;
    const data = { member: "ann", atMs };
    if (type === "Lent")
      return { type, data: { ...data, book, dueAtMs: atMs + 28 * DAY_MS } } as const;
    if (type === "Returned") return { type, data: { ...data, book } } as const;
    return { type: type === "Checked" ? type : "StaffJoined", data } as const;
  });
}

describe("the library's rules", () => {
  it.each([
    [LibraryRulesV1, 3],
    [LibraryRulesV2, 4],
  ])(
    "raise what a plain fold raises, whatever a member does and however long it takes (%#)",
    (rules, booksMax) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40 }), pause, (steps, more) => {
          const story = storyOf(steps);
          const endMs = (story.at(-1)?.data.atMs ?? 0) + more;
          const raised = givenRules(rules)
            .events(story)
            .time(endMs + LATENESS_MS)
            .fired("ann")
            .map(({ rule, atMs, alerts }) => `${rule} at ${atMs}: ${alerts.join()}`);
          const expected = alertsOf(story, booksMax, endMs).map(
            ({ rule, atMs, alert }) => `${rule} at ${atMs}: ${alert.type}`,
          );
          expect(raised.sort()).toEqual(expected.sort());
        }),
        { numRuns: RUNS },
      );
    },
  );
});

describe("the library-rules example", () => {
  it(
    "raises what a plain fold raises, each alert once, killed twice on the way and when the rules change",
    { timeout: FULL ? 14_400_000 : 300_000 },
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
