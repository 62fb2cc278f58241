/** The bank account that every peer keeps, as plain functions. */
import { readFileSync } from "node:fs";

const MEMO = "a memo of forty characters, as agreed on";

export const TYPE = "Deposited";

export const INITIAL = Object.freeze({ balance: 0, count: 0, lastAt: 0 });

/** Checks the amount and returns what the event says. */
export function decide(accountId, amount) {
  if (!(amount > 0)) throw new Error("amount-not-positive");
  return { accountId, amount, currency: "EUR", memo: MEMO, at: Date.now() };
}

export function evolve(state, { amount, at }) {
  return { balance: state.balance + amount, count: state.count + 1, lastAt: at };
}

/** The installed version of a package, as "7.6". */
export function versionOf(packageName) {
  const path = new URL(`../../node_modules/${packageName}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")).version.split(".").slice(0, 2).join(".");
}
