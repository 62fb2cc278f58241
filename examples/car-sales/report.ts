/** What the program shows. */
import type { Histogram } from "node:perf_hooks";
import Table from "cli-table3";
import type { Runtime } from "tidemark";
import { carsV2, type CarRow } from "./cars-view.js";

export function count(value: number): string {
  return value.toLocaleString("en");
}

export function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(30)}${text}`);
}

export function latencyText(latencies: Histogram): string {
  const ms = (share: number) => `${(latencies.percentile(share) / 1e6).toFixed(1)} ms`;
  return `p50 ${ms(50)}, p99 ${ms(99)}, slowest ${ms(100)} (${count(latencies.count)})`;
}

export function changesText(
  changes: readonly { readonly id: string; readonly before: CarRow; readonly after: CarRow }[],
): string {
  const table = tableOf(["car", "model", "colour", "owner in version 1", "owner in version 2"]);
  for (const { id, before, after } of changes)
    table.push([
      id,
      after.model,
      after.colour,
      before.customerName ?? "",
      after.customerName ?? "",
    ]);
  return table.toString();
}

export function auditText(runtime: Runtime): string {
  const table = tableOf(["position", "what", "details"]);
  for (const { position, type, data } of runtime.operations.audit(carsV2)) {
    const details = Object.entries(data).map(([name, value]) => `${name}: ${String(value)}`);
    table.push([position, type, details.join(", ")]);
  }
  return table.toString();
}

/** Who bought most, by the index that version 2 has. */
export async function ownersText(
  runtime: Runtime,
  customerIds: readonly string[],
): Promise<string> {
  const view = runtime.view(carsV2, "cars");
  const counted = await Promise.all(
    customerIds.map(async (id) => ({ id, cars: await view.countBy("byCustomer", { equals: id }) })),
  );
  counted.sort((a, b) => b.cars - a.cars || (a.id < b.id ? -1 : 1));
  const table = tableOf(["customer", "name of today", "cars", "of them"]);
  for (const { id, cars } of counted.slice(0, 5)) {
    const { entries } = await view.find("byCustomer", { equals: id, limit: 4 });
    const first = entries.map(({ document }) => `${document.colour} ${document.model}`).join(", ");
    const name = await runtime.query(carsV2, ({ customers }) => customers.get(id)?.name ?? "");
    table.push([id, name, cars, first]);
  }
  return table.toString();
}

function tableOf(head: string[]): Table.Table {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
