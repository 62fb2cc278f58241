/** The read side, as the release with the bug had it and as the next one has it: the same versions, another handler. */
import { collection, projection } from "tidemark";
import { Till } from "./till.js";

export interface TillRow {
  readonly sales: number;
  readonly cents: number;
}

export interface DayRow {
  readonly sales: number;
  readonly cents: Readonly<Record<string, number>>;
}

export type Release = "buggy" | "fixed";

/** Euros for one of each. The buggy release forgot the pound. */
const RATES: Readonly<Record<Release, Readonly<Record<string, number>>>> = {
  buggy: { EUR: 1, CHF: 1.05 },
  fixed: { EUR: 1, CHF: 1.05, GBP: 1.15 },
};

export function euroCentsOf(release: Release, cents: number, currency: string): number {
  const rate = RATES[release][currency];
  if (rate === undefined) throw new Error(`there is no rate for ${currency}`);
  return Math.round(cents * rate);
}

export function addedTo(row: TillRow | undefined, cents: number): TillRow {
  return { sales: (row?.sales ?? 0) + 1, cents: (row?.cents ?? 0) + cents };
}

export function addedToDay(row: DayRow | undefined, cents: number, currency: string): DayRow {
  if (!/^[A-Z]{3}$/.test(currency)) throw new Error(`${currency} is no currency`);
  const sums = row?.cents ?? {};
  const sum = (sums[currency] ?? 0) + cents;
  return { sales: (row?.sales ?? 0) + 1, cents: { ...sums, [currency]: sum } };
}

/** Nothing is wrong with it. */
const tills = projection({
  name: "tills",
  version: 1,
  from: [Till],
  collections: { tills: collection<TillRow>() },
  on: {
    SaleRung: ({ entityId, data }, { tills }) =>
      tills.update(entityId, (row) => addedTo(row, data.cents)),
  },
});

// #region on-failure
/** What it can't convert is parked, by till; the other tills go on. */
const eurosOf = (release: Release) =>
  projection({
    name: "euros",
    version: 1,
    from: [Till],
    collections: { tills: collection<TillRow>() },
    onFailure: { attemptsMax: 2, retryDelayMs: 5, then: "park" },
    on: {
      SaleRung: ({ entityId, data }, { tills }) => {
        const cents = euroCentsOf(release, data.cents, data.currency);
        tills.update(entityId, (row) => addedTo(row, cents));
      },
    },
  });
// #endregion

/** A day's total with a sale missing would be wrong: it stops, and asks for somebody. */
const days = projection({
  name: "days",
  version: 1,
  from: [Till],
  collections: { days: collection<DayRow>() },
  key: ({ data }) => `day-${data.day}`,
  onFailure: { attemptsMax: 2, retryDelayMs: 5, then: "stop" },
  on: {
    SaleRung: ({ data }, { days }) =>
      days.update(`day-${data.day}`, (row) => addedToDay(row, data.cents, data.currency)),
  },
});

export function projectionsOf(release: Release) {
  return { tills, euros: eurosOf(release), days };
}

export type Projections = ReturnType<typeof projectionsOf>;
