import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { Order } from "../src/order.js";
import { ordersView } from "../src/orders-view.js";

test("the view finds orders by their status, also after a restart", async () => {
  // Lives longer than a runtime, as a folder on disk does, but in memory.
  const directory = new MemoryDirectory();
  const open = () =>
    openMemoryRuntime({ directory, aggregates: [Order], projections: [ordersView] });

  const first = await open();
  for (const id of ["order-1", "order-2"])
    await first.ask(Order, id, { type: "Place", data: { customer: "Ada", totalCents: 2_500 } });
  await first.ask(Order, "order-2", { type: "Pay" });
  await first.close();

  const second = await open();
  const paid = await second.view(ordersView).find("byStatus", { equals: "paid", fresh: true });
  assert.deepEqual(
    paid.entries.map(({ id }) => id),
    ["order-2"],
  );
  await second.close();
});
