/** What the log tells of transfers, and what must hold whatever happened. */
import type { RecordedEvent } from "tidemark";

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
  let given = 0;
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
    if (id === undefined) {
      given += (data as { cents: number }).cents;
      continue;
    }
    of(id)[sign < 0 ? "withdrawn" : "deposited"] += 1;
    const step = `${String(causationId)} ${type}`;
    commands.set(step, (commands.get(step) ?? 0) + 1);
  }
  const repeated = [...commands].filter(([, times]) => times > 1).map(([step]) => step);
  return { transfers, cents, given, repeated };
}

/**
 * What isn't as it must be once all is quiet.
 *
 * @param waiting - Transfers that wait for somebody to look after them: where they are, their money may be on its way.
 */
export function problemsOf(
  told: ReturnType<typeof toldOf>,
  waiting: ReadonlySet<string> = new Set(),
): string[] {
  const problems = told.repeated.map((step) => `${step} was carried out twice`);
  if (waiting.size === 0 && told.cents !== told.given)
    problems.push(`there are ${told.cents} cents, not ${told.given}`);
  for (const [id, { withdrawn, deposited, end }] of told.transfers) {
    if (withdrawn > 1 || deposited > 1) problems.push(`${id} moved money twice`);
    if (waiting.has(id)) continue;
    const times = `${withdrawn}/${deposited}`;
    const wanted = end === "refused" ? "0/0" : "1/1";
    if (end === undefined) problems.push(`${id} is stuck`);
    else if (times !== wanted) problems.push(`${id} is ${end} with ${times}`);
  }
  return problems;
}
