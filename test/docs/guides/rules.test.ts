import type { Runtime, RuleSet } from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Account } from "../../../examples/guides/aggregates.js";
import {
  Card,
  CardRulesV1,
  CardRulesV2,
  LimitRules,
  mend,
  openCards,
  specification,
  takeOver,
  tryOut,
  warnings,
  whyOf,
} from "../../../examples/guides/rules.js";
import { temporaryDirectory } from "../../support/directories.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

function world() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const directory = new MemoryDirectory();
  const open = async (rules: RuleSet) => {
    const aggregates = [Card, Account];
    const options = { aggregates, ruleSets: [rules], projections: [warnings], clock, directory };
    const isWatched = rules === LimitRules;
    const runtime = await openMemoryRuntime({
      ...options,
      ...(isWatched ? {} : { projections: [] }),
    });
    opened.push(runtime);
    return runtime;
  };
  return { clock, open };
}

const pay = (runtime: Runtime, cents: number, country = "DE", shop = "corner") =>
  runtime.ask(Card, "card-7", { type: "Pay", data: { cents, country, shop } });

const alertsOf = (runtime: Runtime, rules: RuleSet) =>
  [...runtime.rules.alerts(rules)].map(({ type, data }) => [type, data]);

/** Time passes, and what is due happens. The wall clock jumps: nobody wants to look at it every second of a quarter. */
async function pass(clock: ManualClock, runtime: Runtime, ms: number) {
  clock.setWall(clock.nowMs() + ms);
  await clock.advance(2_000);
  await runtime.rules.idle();
}

describe("docs/guides/rules.md", () => {
  it("raises an alert when more was spent in a day than the limit, once, says why, and shows it in a view", async () => {
    const { clock, open } = world();
    const runtime = await open(LimitRules);
    await runtime.ask(Card, "card-7", { type: "Open", data: { limitCents: 10_000 } });
    for (const cents of [6_000, 5_000, 1_000]) await pay(runtime, cents);
    await runtime.rules.idle();
    expect(alertsOf(runtime, LimitRules)).toEqual([["OverLimit", { cents: 11_000 }]]);
    expect(whyOf(runtime)).toMatch(/^rule over-limit .*\n {2}alert OverLimit .*\n {2}because\n/);
    expect(whyOf(runtime)).toContain("from Paid at position");
    await pass(clock, runtime, 2 * DAY_MS);
    for (const cents of [6_000, 5_000]) await pay(runtime, cents);
    await runtime.rules.idle();
    expect(await runtime.view(warnings).get("card-7", { fresh: true })).toEqual({
      cents: 11_000,
      warnings: 2,
    });
    await runtime.rules.park(LimitRules, "card-7", { reason: "looked at" });
    await pass(clock, runtime, MINUTE_MS);
    await mend(runtime);
    expect(runtime.rules.session(LimitRules, "card-7")?.status).toBe("active");
  });

  it("is specified by events and time", () => {
    const { alerts, aDayLater } = specification();
    expect(alerts).toEqual([{ type: "OverLimit", data: { cents: 11_000 } }]);
    expect(aDayLater.map(({ kind }) => kind)).toContain("limit");
  });

  it("opens on a disk", async () => {
    const directory = temporaryDirectory();
    const runtime = await openCards(directory);
    opened.push(runtime);
    expect(runtime.rules.status(LimitRules)).toMatchObject({ version: 1, counts: [] });
    await runtime.close();
    const changed = await takeOver(directory);
    opened.push(changed);
    expect(changed.rules.status(CardRulesV2).version).toBe(2);
  });

  it("joins, leaves out, concludes, fires again, and knows time", async () => {
    const { clock, open } = world();
    const runtime = await open(CardRulesV1);
    await runtime.ask(Account, "card-7", { type: "Deposit", data: { cents: 1_000 } });
    await runtime.ask(Card, "card-7", { type: "TrustShop", data: { shop: "corner" } });
    await pay(runtime, 60_000);
    await pay(runtime, 60_000, "FR", "kiosk");
    await runtime.rules.idle();
    const [stranger, spent] = alertsOf(runtime, CardRulesV1);
    expect(stranger).toEqual(["Stranger", { shop: "kiosk", cents: 60_000 }]);
    expect(spent).toEqual(["Spent", { thousands: 1 }]);
    await pay(runtime, 90_000, "IT");
    await runtime.rules.idle();
    expect(alertsOf(runtime, CardRulesV1).slice(2)).toEqual([
      ["Abroad", { countries: ["DE", "FR", "IT"] }],
      ["PaidWhileSuspect", { shop: "corner" }],
      ["Spent", { thousands: 2 }],
    ]);
    await pass(clock, runtime, 40 * MINUTE_MS);
    expect((await runtime.state(Account, "card-7")).state.cents).toBe(500);
    await pass(clock, runtime, 30 * MINUTE_MS);
    await pay(runtime, 100);
    await runtime.rules.idle();
    const session = runtime.rules.session(CardRulesV1, "card-7");
    expect(session?.facts.map(({ kind }) => kind)).not.toContain("suspect");
    for (const isRight of [false, false, true])
      await runtime.ask(Card, "card-7", { type: "TryPin", data: { isRight } });
    await runtime.rules.idle();
    expect(alertsOf(runtime, CardRulesV1).slice(5)).toEqual([["Guessed", { afterMs: 0 }]]);
    await pass(clock, runtime, 120 * DAY_MS);
    expect(alertsOf(runtime, CardRulesV1).slice(6)).toEqual([
      ["MonthOver", { cents: 210_100, payments: 4 }],
      ["Forgotten", { payments: 4 }],
    ]);
  });

  it("tries a version on history, takes it over, and sends nothing again", async () => {
    const { clock, open } = world();
    let runtime = await open(CardRulesV1);
    await runtime.ask(Account, "card-7", { type: "Deposit", data: { cents: 1_000 } });
    for (const country of ["DE", "FR", "IT"]) await pay(runtime, 100, country);
    await pass(clock, runtime, 20 * MINUTE_MS);
    const before = alertsOf(runtime, CardRulesV1);
    expect(before).toHaveLength(2);
    const { rules } = await tryOut(runtime);
    expect(rules.find(({ rule }) => rule === "suspect-for-long")).toMatchObject({
      before: 0,
      after: 1,
      gained: 1,
      lost: 0,
    });
    await runtime.close();
    runtime = await open(CardRulesV2);
    await runtime.rules.changed(CardRulesV2);
    expect(alertsOf(runtime, CardRulesV2)).toEqual(before);
    expect(runtime.rules.session(CardRulesV2, "card-7")?.version).toBe(2);
  });
});
