/** What must have come of the orders, told by the provider, the orders and the instances, each apart. */
import assert from "node:assert/strict";
import type { MailProvider } from "./mail-provider.js";
import { Order } from "./order.js";
import type { Service } from "./service.js";
import type { Customer } from "./traffic.js";

/** As the saga has it: so many mails are asked for before it gives up. */
const ATTEMPTS_MAX = 4;

/** Whether a mail is taken before the saga gives up. */
export function canBeReached({ refusals }: Pick<Customer, "refusals">): boolean {
  return refusals < ATTEMPTS_MAX;
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
  const reached = all.filter(canBeReached);
  assert.deepEqual(
    provider.sent.map(({ to }) => to).sort(),
    reached.map(({ email }) => email).sort(),
  );
  for (const { orderId, email, refusals } of all) {
    const isReached = canBeReached({ refusals });
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
