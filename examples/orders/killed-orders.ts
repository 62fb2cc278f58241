/** Hundreds of orders, while the process that runs their sagas is killed and started again. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { pickAt } from "../support/random.js";
import type { BoxOffice } from "./box-office.js";
import { orderOf, type Branch } from "./branches.js";
import type { ServiceProcesses } from "./service-processes.js";

const SEED = 16;
const AT_ONCE = 16;

const idOf = (n: number) => `order-${n}`;

/** One to three people, one in six with a card that is declined, one in six who lets the reservation expire. */
function orderAt(n: number) {
  const attendees = ["x", "y", "z"].slice(0, pickAt([1, 2, 3], SEED, n));
  const card = pickAt(["good", "good", "good", "good", "empty", "careful"], SEED + 1, n);
  return orderOf(
    attendees.map((letter) => `${idOf(n)}-${letter}`),
    card === "careful" ? { card, payWithinMs: 1_500 } : { card },
  );
}

export async function ordersKilled(
  office: BoxOffice,
  processes: ServiceProcesses,
  { orders, kills }: { readonly orders: number; readonly kills: number },
): Promise<Branch> {
  let taken = 0;
  let next = 0;
  const till = async () => {
    for (let n = next++; n < orders; n = next++) {
      await office.place(idOf(n), orderAt(n));
      taken += 1;
    }
  };
  const placing = Promise.all(Array.from({ length: AT_ONCE }, till));
  let unfinished = 0;
  for (let kill = 1; kill <= kills; kill++) {
    while (taken < (orders * kill) / (kills + 1)) await delay(1);
    await processes.kill("orders");
    const ids = Array.from({ length: orders }, (_, n) => idOf(n));
    unfinished += ids.filter((id) => office.instance(id)?.status === "active").length;
    await processes.start("orders");
  }
  await placing;
  const ends: Record<string, number> = {};
  for (let n = 0; n < orders; n++) {
    const { state } = await office.ended(idOf(n));
    ends[state] = (ends[state] ?? 0) + 1;
  }
  assert(unfinished > 0, "no order was under way when its process was killed");
  const { confirmed = 0, rejected = 0 } = ends;
  return {
    name: `orders killed ${kills} times`,
    orderId: idOf(0),
    ended: `${confirmed} confirmed, ${rejected} rejected`,
    shown: `${unfinished} were under way when it was killed, and none is stuck`,
  };
}
