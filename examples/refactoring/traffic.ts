/** What happened before the model changed, and what comes afterwards. */
import assert from "node:assert/strict";
import type { Runtime } from "tidemark";
import { Conference } from "./after/conference.js";
import { Order } from "./after/order.js";
import { ConferenceBefore, type ConferenceCommand } from "./before/conference.js";

export interface Size {
  readonly conferences: number;
  /** At each. */
  readonly orders: number;
}

const SEAT_CENTS = 12_000;

export const conferenceIds = ({ conferences }: Size): string[] =>
  Array.from({ length: conferences }, (_, n) => `conference-${n}`);

const seatsOf = (n: number) => 1 + (n % 4);

/** There are seats for about half of those who want some. Some cancel, and most pay. */
export async function announce(runtime: Runtime, size: Size): Promise<void> {
  await Promise.all(
    conferenceIds(size).map((id, n) => {
      const data = { name: `Conference ${n}`, seats: Math.ceil(size.orders * 1.3) };
      return runtime.ask(ConferenceBefore, id, { type: "Announce", data });
    }),
  );
}

/** @param from - First number of the orders, which go up to `upTo`. */
export async function ordersBefore(
  runtime: Runtime,
  size: Size,
  from: number,
  upTo: number,
): Promise<void> {
  const ask = (id: string, command: ConferenceCommand) =>
    runtime.ask(ConferenceBefore, id, command);
  const one = async (id: string, n: number) => {
    const order = `${id}-order-${n}`;
    await ask(id, { type: "ReserveSeats", data: { order, seats: seatsOf(n) } });
    if (n % 7 === 6) await ask(id, { type: "CancelReservation", data: { order } });
    else await ask(id, { type: "RecordPayment", data: { order, cents: seatsOf(n) * SEAT_CENTS } });
    if (n % 5 === 4) await ask(id, { type: "PrintBadges", data: { order } });
  };
  const numbers = Array.from({ length: upTo - from }, (_, place) => from + place);
  await Promise.all(conferenceIds(size).flatMap((id) => numbers.map((n) => one(id, n))));
}

/** With the model of now: one more order at each, on streams that began before. */
export async function ordersAfter(runtime: Runtime, size: Size): Promise<void> {
  for (const id of conferenceIds(size)) {
    const { state } = await runtime.state(Conference, id);
    const [held] = Object.keys(state.held);
    assert(held);
    await runtime.ask(Conference, id, { type: "ReleaseSeats", data: { orderId: held } });
    const orderId = `${id}-late`;
    await runtime.ask(Conference, id, { type: "HoldSeats", data: { orderId, seats: 1 } });
    const data = { conferenceId: id, cents: SEAT_CENTS };
    await runtime.ask(Order, orderId, { type: "Pay", data });
    const tooMany = { orderId: `${id}-too-late`, seats: 1_000_000 };
    await runtime.ask(Conference, id, { type: "HoldSeats", data: tooMany });
  }
}
