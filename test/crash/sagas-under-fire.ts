/** What the killed service does, and what its parent holds its directory to. */
import type { RecordedEvent, Runtime } from "tidemark";
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

/** By id: how often a transfer withdrew, deposited and gave back, and where it ended. */
export interface TransferTold {
  withdrawn: number;
  deposited: number;
  end: string | undefined;
}

/** What the log tells of transfers and of all money. */
export function toldOf(events: Iterable<RecordedEvent>) {
  const transfers = new Map<string, TransferTold>();
  const commands = new Map<string, number>();
  const of = (id: string) => {
    const known = transfers.get(id) ?? { withdrawn: 0, deposited: 0, end: undefined };
    transfers.set(id, known);
    return known;
  };
  const askedBy = new Map<string, string>();
  let cents = 0;
  for (const { streamType, entityId, type, data, eventId, causationId } of events) {
    if (streamType === "order") of(entityId);
    if (streamType === "transfer") {
      askedBy.set(eventId, entityId);
      const { state } = data as { state?: { value: string; status: string } };
      if (state?.status === "done") of(entityId).end = state.value;
    }
    if (streamType !== "purse" || type === "Closed") continue;
    const sign = type === "Withdrawn" ? -1 : 1;
    cents += sign * (data as { cents: number }).cents;
    const id = askedBy.get(causationId ?? "");
    if (id === undefined) continue;
    of(id)[sign < 0 ? "withdrawn" : "deposited"] += 1;
    const step = `${String(causationId)} ${type}`;
    commands.set(step, (commands.get(step) ?? 0) + 1);
  }
  const repeated = [...commands].filter(([, times]) => times > 1).map(([step]) => step);
  return { transfers, cents, repeated };
}

/** What isn't as it must be once all is quiet. */
export function problemsOf(told: ReturnType<typeof toldOf>): string[] {
  const problems = told.repeated.map((step) => `${step} was carried out twice`);
  if (told.cents !== PURSES * PURSE_CENTS)
    problems.push(`there are ${told.cents} cents, not ${PURSES * PURSE_CENTS}`);
  for (const [id, { withdrawn, deposited, end }] of told.transfers) {
    const times = `${withdrawn}/${deposited}`;
    const wanted = end === "refused" ? "0/0" : "1/1";
    if (end === undefined) problems.push(`${id} is stuck`);
    else if (times !== wanted) problems.push(`${id} is ${end} with ${times}`);
  }
  return problems;
}
