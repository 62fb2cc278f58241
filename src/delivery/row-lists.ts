/** What waits for its time or an answer, read from the rows of every index there is: also where nobody runs it. */
import type { ViewKey, ViewReader } from "../../journal/index.js";
import { DeliveryRows, timerNameOf, under, type TimerName } from "./rows.js";

/** Commands for one aggregate that aren't answered. */
export interface WaitingCommands {
  readonly aggregate: string;
  readonly commands: number;
}

/** Indexes of delivery that have rows: that of all sagas, and one for each rule set. */
export function deliveryIndexes(views: ViewReader): DeliveryRows[] {
  const prefixes: string[] = [];
  // From one prefix to the next, past all its rows.
  for (let from: ViewKey = ["rules/"]; ;) {
    const [key] = views.keys("rows", { from, before: ["rules0"], limit: 1 });
    const prefix = key?.[0];
    if (typeof prefix !== "string") break;
    prefixes.push(prefix);
    from = [`${prefix}\u0000`];
  }
  return ["sagas", ...prefixes].map((prefix) => new DeliveryRows(prefix));
}

/** The timers that are due next, of one index. What happened in the last moment may not be in it. */
export function* timersOf(
  views: ViewReader,
  rows: DeliveryRows,
  limit: number,
): Generator<TimerName> {
  for (const key of views.keys("rows", { ...under(rows.timersKey), limit })) yield timerNameOf(key);
}

/** How many commands of one index wait for each aggregate. What happened in the last moment may not be in it. */
export function waitingCommands(views: ViewReader, rows: DeliveryRows): WaitingCommands[] {
  const waiting = new Map<string, number>();
  for (const key of views.keys("rows", under(rows.commandsKey()))) {
    const aggregate = key[2] as string;
    waiting.set(aggregate, (waiting.get(aggregate) ?? 0) + 1);
  }
  return [...waiting].map(([aggregate, commands]) => ({ aggregate, commands }));
}
