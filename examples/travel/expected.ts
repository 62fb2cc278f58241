/** What the view must show, counted from the input alone: whoever made the journal or the view has no part in it. */
import type { Runtime } from "tidemark";
import type { RecordedFact } from "./case.js";
import { parseFact, type LineSource } from "./facts.js";

export interface Counted {
  /** Lines that are facts. */
  readonly facts: number;
  readonly cases: number;
  readonly open: number;
  /** Of the open ones. */
  readonly cents: number;
}

export async function countInput(source: LineSource): Promise<Counted> {
  let facts = 0;
  const cases = new Map<string, { readonly isPaid: boolean; readonly cents: number }>();
  for await (const { text } of source.lines()) {
    const fact = parseFact(text);
    if (typeof fact === "string") continue;
    facts += 1;
    const euros = fact.requestedBudget ?? fact.amount ?? 0;
    const isPaid = fact.activity === "Payment Handled";
    cases.set(JSON.stringify([fact.entity, fact.id]), { isPaid, cents: Math.round(euros * 100) });
  }
  const open = [...cases.values()].filter(({ isPaid }) => !isPaid);
  const cents = open.reduce((sum, each) => sum + each.cents, 0);
  return { facts, cases: cases.size, open: open.length, cents };
}

/** Lines of the input that are in the journal; one that is there twice counts as none. */
export function factsIn(runtime: Runtime): number {
  const times = new Map<number, number>();
  const filter = { eventTypes: ["FactRecorded"] };
  for (const { data } of runtime.events({ filter })) {
    const { line } = data as RecordedFact;
    times.set(line, (times.get(line) ?? 0) + 1);
  }
  return [...times.values()].filter((count) => count === 1).length;
}
