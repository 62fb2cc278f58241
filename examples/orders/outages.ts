/** What happens while a service, or the server between them, is away, and after it is back. */
import assert from "node:assert/strict";
import { createHistogram } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { TidemarkError } from "tidemark";
import type { NatsServer } from "tidemark/testing";
import { checkEnd, orderOf, type Branch } from "./branches.js";
import type { BoxOffice } from "./box-office.js";
import { OrderSaga } from "./order-saga.js";
import { Payment } from "./payment.js";
import type { ServiceProcesses } from "./supervisor.js";

const PATIENT = 20;
const IMPATIENT = 5;

/** Killed for a while; meanwhile people go on ordering. */
export async function paymentsDown(
  office: BoxOffice,
  processes: ServiceProcesses,
  downMs: number,
): Promise<Branch> {
  await processes.kill("payments");
  const downSince = performance.now();
  const asked = await failureOfAsking(office);
  const placed = createHistogram();
  const place = async (id: string, payWithinMs: number) => {
    const askedAt = performance.now();
    await office.place(id, orderOf([id], { payWithinMs }));
    placed.record(Math.ceil((performance.now() - askedAt) * 1e6));
  };
  const patient = Array.from({ length: PATIENT }, (_, n) => `patient-${n}`);
  const impatient = Array.from({ length: IMPATIENT }, (_, n) => `impatient-${n}`);
  for (const id of patient) await place(id, downMs + 120_000);
  for (const id of impatient) await place(id, downMs / 3);
  // What needs no payment comes to its end.
  await office.place("no-seats-meanwhile", orderOf(["a", "b"], { conference: "tiny" }));
  checkEnd(await office.ended("no-seats-meanwhile"), "not-enough-seats");
  for (const id of impatient) await office.until(id, ({ state }) => state === "undoing");
  await delay(Math.max(0, downMs - (performance.now() - downSince)));
  for (const id of patient) assert.equal(office.instance(id)?.state, "paying");

  await processes.start("payments");
  const backSince = performance.now();
  // The next command that gets through takes all others along, which pause for up to 30 s by then.
  await office.place("after-it", orderOf(["Hedy"]));
  checkEnd(await office.ended("after-it"), "");
  for (const id of patient) checkEnd(await office.ended(id), "");
  for (const id of impatient) checkEnd(await office.ended(id), "payment-timeout");
  lookAtImpatient(office);
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  return {
    name: `payments down for ${seconds(backSince - downSince)} s`,
    orderId: "impatient-0",
    ended: `${PATIENT} confirmed, ${IMPATIENT} rejected`,
    shown: `orders taken in ${(placed.percentile(50) / 1e6).toFixed(1)} ms; asking failed with ${asked}; all at their ends ${seconds(performance.now() - backSince)} s after it was back`,
  };
}

/** What tells an operator where an order is, how it came there, and how all the others stand. */
function lookAtImpatient(office: BoxOffice): void {
  // #region look
  const { sagas } = office.readers.orders;
  // State, context, timers, commands, what would be undone, why it is parked.
  const order = sagas.instance(OrderSaga, "impatient-0");
  // What came, where the machine went, what it asked for.
  const history = [...sagas.history(OrderSaga, "impatient-0")];
  const counts = sagas.counts(OrderSaga);
  // Mermaid, with the number of instances in each state.
  const diagram = sagas.diagram(OrderSaga);
  // #endregion
  assert.equal(order?.state, "rejected");
  assert.equal(history[0]?.event?.type, "start");
  assert(counts.some(({ state, instances }) => state === "rejected" && instances >= IMPATIENT));
  assert.match(diagram, /rejected : rejected \(\d+\)/);
}

async function failureOfAsking({ runtime }: BoxOffice): Promise<string> {
  const before = performance.now();
  try {
    await runtime.remote(Payment).ask("nobody", { type: "Cancel" });
  } catch (error) {
    const tookMs = performance.now() - before;
    assert(error instanceof TidemarkError && error.retryable);
    assert.equal(error.code, "no-responders");
    assert(tookMs < 1_000, `failed after ${tookMs} ms only`);
    return `${error.code} after ${tookMs.toFixed(1)} ms`;
  }
  throw new assert.AssertionError({ message: "a service that is down has answered" });
}

/** The server loses everything it has stored: whoever has published to it does so again, and everybody gets everything twice. */
export async function serverLosesAll(
  office: BoxOffice,
  processes: ServiceProcesses,
  server: NatsServer,
): Promise<Branch> {
  const before = await processes.published("payments");
  await server.stop("SIGKILL");
  server.wipe();
  await server.restart();
  await office.place("after-the-loss", orderOf(["Frances"]));
  const end = await office.ended("after-the-loss");
  checkEnd(end, "");
  const after = await processes.published("payments");
  assert.equal(after.losses, before.losses + 1);
  const again = after.published - before.published;
  return {
    name: "the server loses its log",
    orderId: "after-the-loss",
    ended: end.state,
    shown: `${again} events of payments published again or anew; each was taken once`,
  };
}
