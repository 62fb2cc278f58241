/** How much is looked at: predicates count their calls. */
import { fact, rule, ruleSet, type Kind, type WorkingMemory } from "tidemark";
import { describe, expect, it } from "vitest";
import { Plain, type PlainData } from "../support/plain-source.js";
import { RulesSession } from "../support/rules-session.js";

const Member = fact<{ readonly value: number }>("member");
const Loan = fact<{ readonly value: number }>("loan");
const Exempt = fact<{ readonly value: number }>("exempt");
const Noise = fact<{ readonly value: number }>("noise");
const KINDS: Readonly<Record<string, Kind>> = { Member, Loan, Exempt, Noise };

/** A rule that joins members and loans, and `others` rules about something else. */
function session(others: number) {
  const calls = { member: 0, loan: 0, exempt: 0, noise: 0 };
  const joining = rule("joining")
    .when("member", Member, () => (calls.member += 1) > 0)
    .when("loan", Loan, ({ value }, { member }) => (calls.loan += 1) > 0 && value === member.value)
    .without(Exempt, () => (calls.exempt += 1) < 0)
    .then(() => undefined);
  const noisy = Array.from({ length: others }, (_, index) =>
    rule(`noise-${index}`)
      .when("noise", Noise, ({ value }) => (calls.noise += 1) > 0 && value === index)
      .then(() => undefined),
  );
  const rules = ruleSet({
    name: "incremental",
    from: [Plain],
    facts: [Member, Loan, Exempt, Noise],
    on: {
      Put: ({ data: { group = "", id = "", value = 0 } }, memory: WorkingMemory) =>
        memory.insert(KINDS[group] as typeof Member, id, { value }),
      Drop: ({ data: { group = "", id = "" } }, memory: WorkingMemory) =>
        void memory.retract(KINDS[group] as typeof Member, id),
    },
    rules: [joining, ...noisy],
  });
  const given = new RulesSession(rules);
  const give = (type: "Put" | "Drop", group: string, id: string, value = 0) => {
    const before = { ...calls };
    given.event({ type, data: { group, id, value } satisfies Partial<PlainData>, atMs: 0 });
    const keys = Object.keys(calls) as (keyof typeof calls)[];
    return Object.fromEntries(keys.map((key) => [key, calls[key] - before[key]]));
  };
  return { given, give };
}

const LOANS = 200;
function filled(others: number, noise: number) {
  const { given, give } = session(others);
  for (let index = 0; index < 3; index++) give("Put", "Member", `m${index}`, index);
  for (let index = 0; index < LOANS; index++) give("Put", "Loan", `l${index}`, index % 3);
  for (let index = 0; index < noise; index++) give("Put", "Noise", `n${index}`, index);
  return { given, give };
}

describe("a change of a fact", () => {
  const work = (others: number, noise: number) => {
    const { give } = filled(others, noise);
    return {
      loan: give("Put", "Loan", "new", 1),
      loanAgain: give("Put", "Loan", "l7", 2),
      loanGone: give("Drop", "Loan", "l8"),
      member: give("Put", "Member", "m1", 2),
      memberGone: give("Drop", "Member", "m2"),
    };
  };

  it("is joined outwards from that fact: others of its kind aren't looked at", () => {
    const { loan, loanAgain, loanGone, member, memberGone } = work(0, 0);
    expect(loan).toEqual({ member: 3, loan: 3, exempt: 0, noise: 0 });
    expect(loanAgain).toEqual({ member: 3, loan: 3, exempt: 0, noise: 0 });
    expect(loanGone).toEqual({ member: 0, loan: 0, exempt: 0, noise: 0 });
    expect(member).toEqual({ member: 1, loan: LOANS, exempt: 0, noise: 0 });
    expect(memberGone).toEqual({ member: 0, loan: 0, exempt: 0, noise: 0 });
  });

  it("costs as much beside a thousand facts of other kinds and a hundred other rules", () => {
    expect(work(100, 1_000)).toEqual(work(0, 0));
  });

  it("of a kind that a rule excludes looks at that rule's matches only", () => {
    const { give } = filled(100, 50);
    const matches = LOANS;
    expect(give("Put", "Exempt", "x")).toEqual({
      member: 3,
      loan: 3 * LOANS,
      exempt: matches,
      noise: 0,
    });
    expect(give("Put", "Noise", "new", 7)).toEqual({ member: 0, loan: 0, exempt: 0, noise: 100 });
  });

  it("is looked at once for a handler's changes together", () => {
    let calls = 0;
    const rules = ruleSet({
      name: "together",
      from: [Plain],
      facts: [Loan],
      on: {
        Put: (_, memory) => {
          for (let value = 0; value < 50; value++) memory.insert(Loan, "same", { value });
        },
      },
      rules: [
        rule("r")
          .when("loan", Loan, () => (calls += 1) > 0)
          .then(() => undefined),
      ],
    });
    const given = new RulesSession(rules);
    given.event({ type: "Put", atMs: 0 });
    expect(calls).toBe(1);
    expect(given.fired()).toHaveLength(1);
  });
});
