import { test } from "node:test";
import { given } from "tidemark/testing";
import { Order, type OrderEvent } from "../src/order.js";

const placed: OrderEvent = { type: "Placed", data: { customer: "Ada", totalCents: 2_500 } };

test("an order is shipped once it is paid", () => {
  given(Order, [placed])
    .when({ type: "Ship" })
    .thenRejected("not-paid", { status: "placed" })
    .when({ type: "Pay" })
    .thenEvents({ type: "Paid" })
    .when({ type: "Ship" })
    .thenEvents({ type: "Shipped" })
    .thenState({ status: "shipped", totalCents: 2_500 });
});

test("an order is placed once", () => {
  given(Order, [placed])
    .when({ type: "Place", data: { customer: "Bob", totalCents: 100 } })
    .thenRejected("already-placed");
});
