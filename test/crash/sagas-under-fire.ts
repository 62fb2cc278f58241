/** What the killed service does, and what its parent holds its directory to. */
import type { Runtime } from "tidemark";
import { Purse, TransferOrder } from "../support/transfers.js";

export const PURSES = 20;
export const PURSE_CENTS = 1_000_000;
export const CALLERS = 64;

export const purseOf = (number: number) => `purse-${number}`;

/** Fills the purses; harmless when repeated. */
export async function fill(runtime: Runtime): Promise<void> {
  const deposits = Array.from({ length: PURSES }, (_, number) =>
    runtime.ask(
      Purse,
      purseOf(number),
      { type: "Deposit", data: { cents: PURSE_CENTS } },
      { commandId: `fill-${number}` },
    ),
  );
  await Promise.all(deposits);
  // Nobody can pay into this one: what is sent there comes back.
  await runtime.ask(Purse, "closed", { type: "Close" }, { commandId: "close" });
}

/** Asks for a transfer; which is said by its number. Harmless when repeated. */
export function transfer(runtime: Runtime, number: number): Promise<unknown> {
  const from = purseOf(number % PURSES);
  const to = number % 10 === 9 ? "closed" : purseOf((number * 7 + 3) % PURSES);
  // Some ask for more than there is.
  const cents = number % 25 === 24 ? 100 * PURSE_CENTS : 1 + (number % 50);
  return runtime.ask(TransferOrder, `t-${number}`, { type: "Request", data: { from, to, cents } });
}
