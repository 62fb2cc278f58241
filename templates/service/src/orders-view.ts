/** What can be asked about all orders: a row each, found by their status. */
import { collection, projection } from "tidemark";
import { Order, type OrderState } from "./order.js";

export interface OrderRow {
  readonly customer: string;
  readonly totalCents: number;
  readonly status: OrderState["status"];
}

export const ordersView = projection({
  name: "orders",
  version: 1,
  from: [Order],
  collections: { rows: collection<OrderRow>().index("byStatus", "status") },
  on: {
    Placed: ({ entityId, data }, { rows }) => rows.put(entityId, { ...data, status: "placed" }),
    Paid: ({ entityId }, { rows }) =>
      rows.update(entityId, (row) => row && { ...row, status: "paid" }),
    Shipped: ({ entityId }, { rows }) =>
      rows.update(entityId, (row) => row && { ...row, status: "shipped" }),
  },
});
