/** Ten rules over the deposits of an account: facts, a sliding window, counters, signals; about one deposit in a hundred fires one. */
import { counter, fact, rule, ruleSet, signal, slidingWindow } from "../../src/index.js";
import { Account } from "../account.js";

const DAY_MS = 86_400_000;

const Last = fact<{ amount: number; at: number }>("last");
const Flag = fact<{ why: string }>("flag");
const Large = signal<{ amount: number }>("large");
const Day = slidingWindow("day", { sizeMs: DAY_MS });
const Total = counter("total");

const over = (count: number) =>
  rule(`more-than-${count}-deposits`)
    .when("total", Total, (total) => total.count > count)
    .then(({ total }, act) => act.alert({ type: "ManyDeposits", data: { count: total.count } }));

const inADay = (sum: number) =>
  rule(`more-than-${sum}-a-day`)
    .when("day", Day, (day) => day.sum > sum)
    .then(({ day }, act) => act.alert({ type: "MuchInADay", data: { sum: day.sum } }));

export const TenRules = ruleSet({
  name: "ten-rules",
  from: [Account],
  facts: [Last, Flag, Large, Day, Total],
  start: "beginning",
  on: {
    Deposited: ({ data: { amount, at } }, memory) => {
      memory.insert(Last, "", { amount, at });
      memory.add(Day, { value: amount });
      memory.add(Total, { value: amount });
      if (amount >= 99) memory.signal(Large, { amount });
    },
  },
  rules: [
    rule("large")
      .when("large", Large)
      .then(({ large }, act) => act.alert({ type: "LargeDeposit", data: large })),
    rule("large-and-much")
      .when("large", Large)
      .when("total", Total, (total) => total.sum > 1_000)
      .then(({ total }, act) => act.conclude(Flag, "much", { why: `more than ${total.sum}` })),
    rule("flagged")
      .when("flag", Flag)
      .when("last", Last, (last) => last.amount < 2)
      .then(({ flag }, act) => act.alert({ type: "SmallAfterFlag", data: flag })),
    rule("small-without-flag")
      .when("last", Last, (last) => last.amount < 0)
      .without(Flag)
      .then((_, act) => act.alert({ type: "Negative", data: {} })),
    over(10),
    over(100),
    over(1_000),
    inADay(2_000),
    inADay(20_000),
    inADay(200_000),
  ],
});
