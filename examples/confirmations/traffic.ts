/** Who orders what, and how often the mail to each is refused. */
import assert from "node:assert/strict";
import { Order } from "./order.js";
import { MailProvider } from "./mail-provider.js";
import type { Service } from "./service.js";

export interface Customer {
  readonly orderId: string;
  readonly email: string;
  readonly item: string;
  /** Mails that are refused before one is taken. */
  readonly refusals: number;
}

const ITEMS = ["lamp", "kettle", "atlas", "bicycle bell"] as const;

/** Most mails are taken at once, some the second or third time; one in eight never. */
export function customers(count: number): readonly Customer[] {
  return Array.from({ length: count }, (_, n) => ({
    orderId: `order-${n}`,
    email: `customer-${n}@example.org`,
    item: ITEMS[n % ITEMS.length] ?? ITEMS[0],
    refusals: [0, 2, 0, 1, 0, 9, 0, 0][n % 8] ?? 0,
  }));
}

export function providerFor(all: readonly Customer[]): MailProvider {
  return new MailProvider(new Map(all.map(({ email, refusals }) => [email, refusals])));
}

/** With the id of the order as that of the command: whoever isn't sure that an order was taken may send it again. */
export async function placeOrders({ runtime }: Service, all: readonly Customer[]): Promise<void> {
  for (const { orderId, email, item } of all) {
    const command = { type: "Place", data: { email, item } } as const;
    const answer = await runtime.ask(Order, orderId, command, { commandId: `place-${orderId}` });
    assert.equal(answer.status, "accepted");
  }
}
