/** Hundreds of orders, while the process that runs their sagas is killed and started again. */
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { pickAt } from "tidemark/testing";
import type { BoxOffice } from "./box-office.js";
import { orderOf, type Branch } from "./branches.js";
import type { OrderData } from "./order.js";
import type { ServiceProcesses } from "./supervisor.js";

const SEED = 16;
const AT_ONCE = 16;

type Card = "good" | "empty" | "careful";
const CARDS: [Card, ...Card[]] = ["good", "good", "good", "good", "empty", "careful"];

const idOf = (n: number) => `order-${n}`;

/** One to three people, one in six with a card that is declined, one in six who lets the reservation expire. */
function orderAt(n: number): OrderData & { readonly card: Card } {
  const attendees = ["x", "y", "z"].slice(0, pickAt([1, 2, 3], SEED, n));
  const card = pickAt<Card>(CARDS, SEED + 1, n);
  const names = attendees.map((letter) => `${idOf(n)}-${letter}`);
  return { ...orderOf(names, card === "careful" ? { payWithinMs: 1_500 } : {}), card };
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
  const ids = Array.from({ length: orders }, (_, n) => idOf(n));
  const active = new Set<string>();
  for (let kill = 1; kill <= kills; kill++) {
    while (taken < (orders * kill) / (kills + 1)) await delay(1);
    await processes.kill("orders");
    for (const id of ids) if (office.instance(id)?.status === "active") active.add(id);
    await processes.start("orders");
  }
  await placing;
  const confirmed: string[] = [];
  const rejected: Record<string, number> = {};
  for (let n = 0; n < orders; n++) {
    const { context } = await office.ended(idOf(n));
    checkWhy(n, context.why);
    if (context.why === "") confirmed.push(idOf(n));
    else rejected[context.why] = (rejected[context.why] ?? 0) + 1;
  }
  assert(active.size > 0, "no order was under way when its process was killed");
  const whys = Object.entries(rejected).map(([why, count]) => `${count} ${why}`);
  return {
    name: `orders killed ${kills} times`,
    orderId: confirmed.at(-1) ?? idOf(0),
    ended: `${confirmed.length} confirmed, ${orders - confirmed.length} rejected`,
    shown: `of ${orders} orders ${active.size} were under way at one of the kills, and none is stuck (${whys.join(", ")})`,
  };
}

/** Each comes to the end it would have come to, unless nobody held seats for it in time. */
function checkWhy(n: number, why: string): void {
  if (why === "seats-timeout") return;
  const wanted = { good: "", empty: "no-money", careful: "payment-timeout" } as const;
  assert.equal(why, wanted[orderAt(n).card], idOf(n));
}
