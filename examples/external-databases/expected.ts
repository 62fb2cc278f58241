/** What the tables must hold: the fold of the whole log, in plain code. */
import type { Runtime } from "tidemark";
import type { SqlDatabase } from "./balances.js";

export interface Held {
  readonly accounts: number;
  /** Rows that are as the fold has them. */
  readonly equal: number;
  readonly rows: number;
}

export async function heldAgainstFold(runtime: Runtime, database: SqlDatabase): Promise<Held> {
  const fold = new Map<string, { cents: number; deposits: number }>();
  for (const { entityId, data } of runtime.events()) {
    const { cents, deposits } = fold.get(entityId) ?? { cents: 0, deposits: 0 };
    const more = (data as { cents: number }).cents;
    fold.set(entityId, { cents: cents + more, deposits: deposits + 1 });
  }
  const rows = await database.query("SELECT account, cents, deposits FROM balances");
  const equal = rows.filter(({ account, cents, deposits }) => {
    const expected = fold.get(String(account));
    return Number(cents) === expected?.cents && Number(deposits) === expected.deposits;
  });
  return { accounts: fold.size, equal: equal.length, rows: rows.length };
}
