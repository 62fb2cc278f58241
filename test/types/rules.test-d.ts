/** What the compiler knows of rules: bindings through the chain, events of sources, alerts of a rule set. */
import {
  collection,
  counter,
  fact,
  projection,
  rule,
  ruleSet,
  sequence,
  signal,
  slidingWindow,
  type Act,
  type EventOfSources,
  type Fired,
  type Rule,
  type RuleSet,
  type SequenceValue,
  type WindowValue,
} from "tidemark";
import { givenRules } from "tidemark/testing";
import { expectTypeOf, test } from "vitest";
import { Account, type AccountEvent } from "../support/account.js";

interface MemberData {
  readonly active: boolean;
  readonly lastBook: string;
}
interface LoanData {
  readonly book: string;
  readonly dueAtMs: number;
}
const Member = fact<MemberData>("member");
const Loan = fact<LoanData>("loan");
const Denied = signal<{ readonly book: string }>("denied");
const Recent = slidingWindow("recent", { sizeMs: 1_000 });
const Total = counter("total");
const Quick = sequence<AccountEvent>("quick", { steps: ["Opened", "Withdrawn"], withinMs: 1_000 });
type TooMany = { readonly type: "TooMany"; readonly data: { readonly books: number } };
type Late = { readonly type: "Late"; readonly data: { readonly book: string } };

test("each pattern knows what those before it have bound, and its own data", () => {
  const tooMany = rule<TooMany>("too-many")
    .when("member", Member, (member, bound, { id, atMs }) => {
      expectTypeOf(member).toEqualTypeOf<MemberData>();
      expectTypeOf<keyof typeof bound>().toBeNever();
      expectTypeOf(id).toEqualTypeOf<string>();
      expectTypeOf(atMs).toEqualTypeOf<number>();
      return member.active;
    })
    .when("loan", Loan, {
      id: ({ member }) => member.lastBook,
      where: (loan, { member }) => {
        expectTypeOf(loan).toEqualTypeOf<LoanData>();
        expectTypeOf(member).toEqualTypeOf<MemberData>();
        return loan.book !== "";
      },
    })
    .without(Denied, (denied, { loan }) => denied.book === loan.book)
    .collect("loans", Loan, {
      where: (loan, { member }) => member.active && loan.dueAtMs > 0,
      having: (loans, { loan }) => {
        expectTypeOf(loans).toEqualTypeOf<readonly LoanData[]>();
        return loans.length > 3 && loan.book !== "";
      },
    })
    .when("recent", Recent, ({ count }) => count > 3)
    .when("quick", Quick)
    .dueAt(({ loan }) => loan.dueAtMs)
    .refireOn(({ recent }) => Math.floor(recent.sum / 1_000))
    .salience(10)
    .then((bound, act) => {
      expectTypeOf(bound).toEqualTypeOf<{
        readonly member: MemberData;
        readonly loan: LoanData;
        readonly loans: readonly LoanData[];
        readonly recent: WindowValue;
        readonly quick: SequenceValue<AccountEvent>;
      }>();
      expectTypeOf(act).toEqualTypeOf<Act<TooMany>>();
      act.alert({ type: "TooMany", data: { books: bound.loans.length } });
      // @ts-expect-error -- not an alert of this rule
      act.alert({ type: "Late", data: { book: "" } });
      // @ts-expect-error -- books is a number
      act.alert({ type: "TooMany", data: { books: "3" } });
    });
  expectTypeOf(tooMany).toEqualTypeOf<Rule<TooMany>>();
});

test("a pattern can't use what isn't bound, or what its kind hasn't", () => {
  // @ts-expect-error -- nothing is called loan yet
  rule("r").when("member", Member, (_, { loan }) => loan !== undefined);
  // @ts-expect-error -- members have no age
  rule("r").when("member", Member, ({ age }) => age !== undefined);
  // @ts-expect-error -- an id is text
  rule("r").when("member", Member, { id: () => 7 });
  // @ts-expect-error -- not an option
  rule("r").when("member", Member, { having: () => true });
  const member = rule("r").when("member", Member);
  // @ts-expect-error -- a moment is a number
  member.dueAt(({ member: { lastBook } }) => lastBook);
  // @ts-expect-error -- a kind is made by fact(), signal() and so on
  rule("r").when("member", "member");
});

test("the memory knows the data of kinds, and what may be done with each", () => {
  rule("r")
    .when("loan", Loan)
    .then((_, act) => {
      expectTypeOf(act.get(Loan, "a")).toEqualTypeOf<LoanData | undefined>();
      expectTypeOf(act.all(Recent)).toEqualTypeOf<readonly WindowValue[]>();
      act.insert(Loan, "a", { book: "a", dueAtMs: 1 }, { expiresAtMs: 7 });
      act.conclude(Member, "a", { active: true, lastBook: "" });
      act.add(Total, { value: 2, label: "DE", group: "g", atMs: 1 });
      act.signal(Denied, { book: "a" });
      expectTypeOf(act.retract(Loan, "a")).toEqualTypeOf<boolean>();
      act.update(Loan, "a", (loan) => ({ ...loan, dueAtMs: loan.dueAtMs + 1 }));
      act.send(Account, "a", { type: "Deposit", data: { cents: 1 } }, { timeoutMs: 1 });
      // @ts-expect-error -- a loan has a book
      act.insert(Loan, "a", { dueAtMs: 1 });
      // @ts-expect-error -- signals aren't inserted
      act.insert(Denied, "a", { book: "a" });
      // @ts-expect-error -- facts aren't added to
      act.add(Loan);
      // @ts-expect-error -- a loan it stays
      act.update(Loan, "a", () => ({ book: 7 }));
      // @ts-expect-error -- no such command
      act.send(Account, "a", { type: "Explode" });
    });
});

test("a sequence's steps are its events, and where knows which", () => {
  sequence<AccountEvent>("s", {
    steps: [
      { type: "Opened", where: ({ data }) => data.owner === "ann" },
      {
        type: "Deposited",
        where: ({ data, atMs }, earlier) => {
          expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
          expectTypeOf(earlier[0]?.type).toEqualTypeOf<AccountEvent["type"] | undefined>();
          return data.cents > atMs;
        },
      },
    ],
    withinMs: 1,
  });
  // @ts-expect-error -- no such event
  sequence<AccountEvent>("s", { steps: ["Opened", "Exploded"], withinMs: 1 });
  sequence<AccountEvent>("s", {
    // @ts-expect-error -- a deposit has no owner
    steps: ["Opened", { type: "Deposited", where: ({ data }) => data.owner !== "" }],
    withinMs: 1,
  });
});

const late = rule<Late>("late")
  .when("loan", Loan)
  .then(({ loan }, act) => act.alert({ type: "Late", data: { book: loan.book } }));
const many = rule<TooMany>("many")
  .collect("loans", Loan)
  .then(({ loans }, act) => act.alert({ type: "TooMany", data: { books: loans.length } }));
const quiet = rule("quiet")
  .when("loan", Loan)
  .then(() => undefined);
const Rules = ruleSet({
  name: "rules",
  from: [Account],
  key: (event) => {
    expectTypeOf(event.type).toEqualTypeOf<AccountEvent["type"]>();
    return event.entityId;
  },
  time: (event) => event.recordedAtMs,
  facts: [Loan],
  on: {
    Opened: ({ data }, memory) => {
      expectTypeOf(data).toEqualTypeOf<{ owner: string }>();
      memory.insert(Loan, data.owner, { book: "a", dueAtMs: 1 });
    },
  },
  rules: [late, many, quiet],
});

test("a rule set's alerts are those of its rules, with their types", () => {
  expectTypeOf(Rules).toEqualTypeOf<RuleSet<Late | TooMany>>();
  expectTypeOf<EventOfSources<[typeof Rules]>>().toEqualTypeOf<Late | TooMany | Fired>();
  const nothing = ruleSet({ name: "n", from: [Account], facts: [Loan], on: {}, rules: [quiet] });
  expectTypeOf(nothing).toEqualTypeOf<RuleSet>();
  expectTypeOf(givenRules(Rules).alerts()).toEqualTypeOf<readonly (Late | TooMany)[]>();
});

test("its handlers are of its sources' events", () => {
  // @ts-expect-error -- an account isn't borrowed
  ruleSet({ name: "n", from: [Account], facts: [], on: { Borrowed: () => undefined }, rules: [] });
  ruleSet({
    name: "n",
    from: [Account],
    facts: [],
    // @ts-expect-error -- a deposit has no owner
    on: { Deposited: ({ data: { owner } }) => void JSON.stringify(owner) },
    rules: [],
  });
  // @ts-expect-error -- a key is text
  ruleSet({ name: "n", from: [Account], key: () => 7, facts: [], on: {}, rules: [] });
});

test("projections and rule sets read its alerts and its firings", () => {
  projection({
    name: "late",
    version: 1,
    from: [Rules],
    collections: { books: collection<{ count: number }>() },
    on: {
      Late: ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<{ readonly book: string }>();
      },
      "rules.fired": ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<Fired["data"]>();
      },
    },
  });
  ruleSet({
    name: "next",
    from: [Rules, Account],
    facts: [Loan],
    on: {
      TooMany: ({ data }) => expectTypeOf(data.books).toEqualTypeOf<number>(),
      Deposited: ({ data }) => expectTypeOf(data.cents).toEqualTypeOf<number>(),
    },
    rules: [],
  });
});
