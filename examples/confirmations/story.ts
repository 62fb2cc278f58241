/** Who orders what, how often the mail to each is refused, and what must have come of it. */
import assert from "node:assert/strict";
import { Order } from "./order.js";
import { MailProvider } from "./mail-provider.js";
import type { Service } from "./service.js";

/** As the saga has it: so many mails are asked for before it gives up. */
const ATTEMPTS_MAX = 4;

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

/** Whether each instance is at its end. */
export function isTold({ runtime, confirmation }: Service, all: readonly Customer[]): boolean {
  return all.every(
    ({ orderId }) => runtime.sagas.instance(confirmation, orderId)?.status === "done",
  );
}

/** One mail for everybody who can be reached, counted by the provider; and orders, instances and mails tell the same. */
export async function checkOneMailEach(
  { runtime, confirmation }: Service,
  provider: MailProvider,
  all: readonly Customer[],
): Promise<void> {
  const reached = all.filter(({ refusals }) => refusals < ATTEMPTS_MAX);
  assert.deepEqual(
    provider.sent.map(({ to }) => to).sort(),
    reached.map(({ email }) => email).sort(),
  );
  for (const { orderId, email, refusals } of all) {
    const isReached = refusals < ATTEMPTS_MAX;
    const { state } = await runtime.state(Order, orderId);
    assert.equal(state.confirmation, isReached ? "sent" : "given up");
    assert.equal(state.attempt, Math.min(refusals + 1, ATTEMPTS_MAX));
    const instance = runtime.sagas.instance(confirmation, orderId);
    assert.equal(instance?.state, isReached ? "sent" : "failed");
    const told = [...runtime.history(Order, orderId)].find(({ type }) => type === "MailSent");
    const mail = provider.sent.find(({ to }) => to === email);
    assert.equal((told?.data as { effectId: string } | undefined)?.effectId, mail?.effectId);
  }
}
