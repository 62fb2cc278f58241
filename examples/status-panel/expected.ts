/** What the views have to show at the end: a plain fold of the log, without what operators told a projection to skip. */
import assert from "node:assert/strict";
import type { Runtime, View } from "tidemark";
import {
  addedTo,
  addedToDay,
  euroCentsOf,
  type DayRow,
  type Projections,
  type TillRow,
} from "./sales-views.js";
import type { Sale } from "./till.js";

const TIMEOUT_MS = 600_000;

/** @returns How many sales were folded. */
export async function checkViews(runtime: Runtime, projections: Projections): Promise<number> {
  const tills = new Map<string, TillRow>();
  const euros = new Map<string, TillRow>();
  const days = new Map<string, DayRow>();
  const [skippedEuros, skippedDays] = [skippedOf(runtime, "euros"), skippedOf(runtime, "days")];
  let sales = 0;
  for (const { entityId, position, data } of runtime.events({
    filter: { streamTypes: ["till"] },
  })) {
    const { cents, currency, day } = data as Sale;
    sales += 1;
    tills.set(entityId, addedTo(tills.get(entityId), cents));
    if (!skippedEuros.has(position))
      euros.set(entityId, addedTo(euros.get(entityId), euroCentsOf("fixed", cents, currency)));
    const id = `day-${day}`;
    if (!skippedDays.has(position)) days.set(id, addedToDay(days.get(id), cents, currency));
  }
  await checkView(runtime.view(projections.tills), tills);
  await checkView(runtime.view(projections.euros), euros);
  await checkView(runtime.view(projections.days), days);
  return sales;
}

async function checkView<Row>(view: View<Row>, expected: ReadonlyMap<string, Row>): Promise<void> {
  const rows = new Map<string, Row>();
  for await (const { id, document } of view.all({ fresh: true, timeoutMs: TIMEOUT_MS }))
    rows.set(id, document);
  assert.deepEqual(rows, expected);
}

/** The audit stream is the record of what was passed over. */
function skippedOf(runtime: Runtime, name: string): Set<unknown> {
  const records = runtime.operations.audit(name).filter(({ type }) => type === "EventSkipped");
  return new Set(records.map(({ data }) => data["at"]));
}
