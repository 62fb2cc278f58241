/** What docs/guides/rules.md shows; test/docs/guides/rules.test.ts runs it. */
// #region first
import { aggregate, fact, openRuntime, rule, ruleSet, slidingWindow, type Runtime } from "tidemark";
// #endregion
import {
  counter,
  projection,
  collection,
  sequence,
  signal,
  tumblingWindow,
  type Act,
  type RuleSet,
} from "tidemark";
import { givenRules } from "tidemark/testing";
import { Account } from "./aggregates.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

type Payment = { cents: number; country: string; shop: string };

export type CardEvent =
  | { type: "Opened"; data: { limitCents: number } }
  | { type: "Paid"; data: Payment }
  | { type: "ShopTrusted"; data: { shop: string } }
  | { type: "PinTried"; data: { isRight: boolean } }
  | { type: "Replaced" };

type CardCommand =
  | { type: "Open"; data: { limitCents: number } }
  | { type: "Pay"; data: Payment }
  | { type: "TrustShop"; data: { shop: string } }
  | { type: "TryPin"; data: { isRight: boolean } }
  | { type: "Replace" };

export const Card = aggregate<{ payments: number }, CardCommand, CardEvent>({
  name: "card",
  initialState: () => ({ payments: 0 }),
  decide: {
    Open: (_card, data) => ({ type: "Opened", data }),
    Pay: (_card, data) => ({ type: "Paid", data }),
    TrustShop: (_card, data) => ({ type: "ShopTrusted", data }),
    TryPin: (_card, data) => ({ type: "PinTried", data }),
    Replace: () => ({ type: "Replaced" }),
  },
  evolve: {
    Opened: (card) => card,
    Paid: ({ payments }) => ({ payments: payments + 1 }),
    ShopTrusted: (card) => card,
    PinTried: (card) => card,
    Replaced: (card) => card,
  },
});

// #region first
type OverLimit = { type: "OverLimit"; data: { cents: number } };

const Limit = fact<{ cents: number }>("limit");
const SpentADay = slidingWindow("spent-a-day", { sizeMs: DAY_MS });

const overLimit = rule<OverLimit>("over-limit")
  .when("limit", Limit)
  .when("spent", SpentADay, ({ sum }, { limit }) => sum > limit.cents)
  .then(({ spent }, act) => {
    act.alert({ type: "OverLimit", data: { cents: spent.sum } });
  });

export const LimitRules = ruleSet({
  name: "limit-rules",
  from: [Card],
  facts: [Limit, SpentADay],
  on: {
    Opened: ({ data }, memory) => {
      memory.insert(Limit, "", { cents: data.limitCents });
    },
    Paid: ({ data }, memory) => {
      memory.add(SpentADay, { value: data.cents });
    },
  },
  rules: [overLimit],
});

export async function openCards(directory: string): Promise<Runtime> {
  return openRuntime({ directory, aggregates: [Card], ruleSets: [LimitRules] });
}
// #endregion

export function whyOf(runtime: Runtime): string {
  // #region why
  const [alert] = runtime.rules.alerts(LimitRules, { sessionId: "card-7" });
  return alert === undefined ? "" : String(runtime.rules.explain(LimitRules, alert));
  // #endregion
}

export type CardAlert =
  | { type: "Abroad"; data: { countries: readonly string[] } }
  | { type: "Stranger"; data: { shop: string; cents: number } }
  | { type: "Spent"; data: { thousands: number } }
  | { type: "MonthOver"; data: { cents: number; payments: number } }
  | { type: "Guessed"; data: { afterMs: number } }
  | { type: "PaidWhileSuspect"; data: { shop: string } }
  | { type: "Forgotten"; data: { payments: number } };

// #region kinds
/** There until it is taken back, or for so long. */
const Trusted = fact<{ shop: string }>("trusted", { expiresAfterMs: 365 * DAY_MS });
/** There while one event is handled: something has just happened. */
const PaidNow = signal<Payment>("paid-now");
/** Concluded by a rule: there as long as its reason is. */
const Suspect = fact<{ country: string }>("suspect");
// #endregion

// #region windows
const Countries = slidingWindow("countries", { sizeMs: HOUR_MS });
const Month = tumblingWindow("month", { sizeMs: 30 * DAY_MS });
const Total = counter("total");
// #endregion

// #region sequence
const Guess = sequence<CardEvent>("guess", {
  steps: [
    { type: "PinTried", where: ({ data }) => !data.isRight },
    { type: "PinTried", where: ({ data }) => !data.isRight },
    { type: "PinTried", where: ({ data }) => data.isRight },
  ],
  withinMs: 60_000,
  without: ["Replaced"],
});
// #endregion

// #region without
const stranger = rule<CardAlert>("stranger")
  .when("paid", PaidNow, ({ cents }) => cents > 50_000)
  .without(Trusted, { id: ({ paid }) => paid.shop })
  .then(({ paid: { shop, cents } }, act) => {
    act.alert({ type: "Stranger", data: { shop, cents } });
  });
// #endregion

// #region conclude
const abroad = rule<CardAlert>("abroad")
  .when("seen", Countries, ({ distinct }) => distinct > 2)
  .salience(10)
  .then(({ seen: { labels = [] } }, act) => {
    act.alert({ type: "Abroad", data: { countries: labels } });
    act.conclude(Suspect, "", { country: labels.at(-1) ?? "" });
  });

const paidWhileSuspect = rule<CardAlert>("paid-while-suspect")
  .when("suspect", Suspect)
  .when("paid", PaidNow)
  .then(({ paid }, act) => {
    act.alert({ type: "PaidWhileSuspect", data: { shop: paid.shop } });
  });
// #endregion

// #region refire
const spent = rule<CardAlert>("spent")
  .when("total", Total, ({ sum }) => sum >= 100_000)
  .refireOn(({ total }) => Math.floor(total.sum / 100_000))
  .then(({ total }, act) => {
    act.alert({ type: "Spent", data: { thousands: Math.floor(total.sum / 100_000) } });
  });
// #endregion

// #region closed
const monthOver = rule<CardAlert>("month-over")
  .when("month", Month, ({ closed }) => closed)
  .then(({ month: { sum, count } }, act) => {
    act.alert({ type: "MonthOver", data: { cents: sum, payments: count } });
  });
// #endregion

// #region guessed
const guessed = rule<CardAlert>("guessed")
  .when("guess", Guess)
  .then(({ guess: { firstAtMs, lastAtMs } }, act) => {
    act.alert({ type: "Guessed", data: { afterMs: lastAtMs - firstAtMs } });
  });
// #endregion

// #region held
const forgotten = rule<CardAlert>("forgotten")
  .when("total", Total)
  .dueAt(({ total }) => total.lastAtMs + 90 * DAY_MS)
  .refireOn(({ total }) => total.count)
  .then(({ total }, act) => {
    act.alert({ type: "Forgotten", data: { payments: total.count } });
  });
// #endregion

const isSuspectFor = (ms: number) =>
  // #region lasting
  rule("suspect-for-long")
    .when("suspect", Suspect)
    .lasting(ms)
    .then((_found, act) => close(act));
// #endregion

function close(act: Act): void {
  // #region send
  act.send(Account, act.sessionId, { type: "Withdraw", data: { cents: 500 } });
  // #endregion
}

const facts = [Trusted, PaidNow, Suspect, Countries, Month, Total, Guess];

/** @param suspectForMs - After which a card that is suspect costs a fee. */
export function cardRules(version: number, suspectForMs: number, previous?: RuleSet) {
  return ruleSet({
    name: "card-rules",
    version,
    from: [Card],
    facts,
    on: {
      Paid: ({ data }, memory) => {
        memory.signal(PaidNow, data);
        memory.add(Countries, { label: data.country });
        memory.add(Month, { value: data.cents });
        memory.add(Total, { value: data.cents });
      },
      ShopTrusted: ({ data }, memory) => {
        memory.insert(Trusted, data.shop, data);
      },
      Replaced: (_event, memory) => {
        for (const { shop } of memory.all(Trusted)) memory.retract(Trusted, shop);
      },
    },
    rules: [
      stranger,
      abroad,
      paidWhileSuspect,
      spent,
      monthOver,
      guessed,
      forgotten,
      isSuspectFor(suspectForMs),
    ],
    targets: [Account],
    ...(previous === undefined ? {} : { previous }),
  });
}

// #region versions
export const CardRulesV1 = cardRules(1, 30 * 60_000);
export const CardRulesV2 = cardRules(2, 10 * 60_000, CardRulesV1);
// #endregion

export async function tryOut(runtime: Runtime) {
  // #region compare
  const report = await runtime.rules.compare(CardRulesV2);
  for (const { rule, before, after, gained, lost } of report.rules)
    console.log(rule, { before, after, gained, lost });
  // #endregion
  return report;
}

export async function takeOver(directory: string) {
  // #region change
  const runtime = await openRuntime({
    directory,
    aggregates: [Card, Account],
    ruleSets: [CardRulesV2],
  });
  await runtime.rules.changed(CardRulesV2);
  // #endregion
  return runtime;
}

// #region view
export const warnings = projection({
  name: "warnings",
  version: 1,
  from: [LimitRules],
  collections: { cards: collection<{ cents: number; warnings: number }>() },
  on: {
    OverLimit: ({ entityId, data }, { cards }) =>
      cards.update(entityId, (row) => ({
        cents: data.cents,
        warnings: (row?.warnings ?? 0) + 1,
      })),
  },
});
// #endregion

export async function mend(runtime: Runtime) {
  // #region release
  for (const { sessionId, problem } of runtime.rules.sessions(LimitRules, { status: "parked" })) {
    console.log(sessionId, problem);
    await runtime.rules.release(LimitRules, sessionId, { by: "ada", reason: "limits are mended" });
  }
  // #endregion
}

export function specification() {
  // #region given
  const spentALot = givenRules(LimitRules).events([
    { type: "Opened", data: { limitCents: 10_000 }, entityId: "card-7", atMs: 0 },
    { type: "Paid", data: { cents: 11_000, country: "DE", shop: "corner" }, entityId: "card-7" },
  ]);
  const alerts = spentALot.alerts();
  const aDayLater = spentALot.time(DAY_MS + 1).facts("card-7");
  // #endregion
  return { alerts, aDayLater };
}
