/** Each run pays and ships what an earlier one left unpaid, places one more order, and tries to ship it unpaid. */
import { openRuntime } from "tidemark";
import { Order, type OrderCommand } from "./order.js";
import { ordersView } from "./orders-view.js";

const runtime = await openRuntime({
  directory: "./data",
  aggregates: [Order],
  projections: [ordersView],
});
const orders = runtime.view(ordersView);

/** An answer comes when everything is on disk. */
async function ask(id: string, command: OrderCommand): Promise<void> {
  const answer = await runtime.ask(Order, id, command);
  const outcome =
    answer.status === "accepted"
      ? `accepted at position ${answer.position}`
      : `refused: ${answer.code}`;
  console.log(`${command.type} ${id}: ${outcome}`);
}

const before = await orders.count({ fresh: true });
console.log(before === 0 ? "The journal is empty." : `From earlier runs: ${before}.`);

const unpaid = await orders.find("byStatus", { equals: "placed" });
for (const { id } of unpaid.entries) {
  await ask(id, { type: "Pay" });
  await ask(id, { type: "Ship" });
}

const id = `order-${before + 1}`;
await ask(id, { type: "Place", data: { customer: "Ada", totalCents: 2_500 } });
await ask(id, { type: "Ship" });

// The view follows behind the answers. The head is the position of the last of them.
const page = await orders.list({ atLeast: runtime.head });
console.table(page.entries.map(({ id, document }) => ({ id, ...document })));
await runtime.close();
