/** One order for each way that the saga can take, and what must have become of it. */
import assert from "node:assert/strict";
import type { BoxOffice, OrderInstance } from "./box-office.js";
import type { OrderData } from "./order.js";
import { Payment } from "./payment.js";
import { SeatsAvailability } from "./seats.js";
import type { ServiceProcesses } from "./supervisor.js";

/** What a branch has shown; a line of the table. */
export interface Branch {
  readonly name: string;
  /** An order that took it. */
  readonly orderId: string;
  readonly ended: string;
  readonly shown: string;
}

export const CONFERENCE = "nodeconf";
export const CENTS_PER_SEAT = 25_000;
const PAY_WITHIN_MS = 60_000;

export function orderOf(attendees: readonly string[], changes: Partial<OrderData> = {}): OrderData {
  return {
    conference: CONFERENCE,
    attendees,
    cents: attendees.length * CENTS_PER_SEAT,
    card: "good",
    payWithinMs: PAY_WITHIN_MS,
    ...changes,
  };
}

export async function openConference(
  office: BoxOffice,
  name: string,
  seats: number,
): Promise<void> {
  const command = { type: "AddSeats", data: { seats } } as const;
  await office.ask(SeatsAvailability, name, command, `open-${name}`);
}

const freeSeats = async ({ readers }: BoxOffice, conference = CONFERENCE): Promise<number> =>
  (await readers.seats.state(SeatsAvailability, conference)).state.free;
const payment = async ({ readers }: BoxOffice, orderId: string) =>
  (await readers.payments.state(Payment, orderId)).state;

/** @param why - Of a rejected order; empty for one that is confirmed. */
export function checkEnd({ instanceId, state, context }: OrderInstance, why: string): void {
  assert.equal(context.why, why, `why ${instanceId} is ${state}`);
  assert.equal(state, why === "" ? "confirmed" : "rejected", instanceId);
}

function branch(
  name: string,
  { instanceId, state, context }: OrderInstance,
  shown: string,
): Branch {
  const ended = context.why === "" ? state : `${state}: ${context.why}`;
  return { name, orderId: instanceId, ended, shown };
}

export async function paid(office: BoxOffice): Promise<Branch> {
  const free = await freeSeats(office);
  await office.place("paid", orderOf(["Ada", "Grace"]));
  const end = await office.ended("paid");
  checkEnd(end, "");
  assert.equal(await freeSeats(office), free - 2);
  return branch("happy path", end, "2 seats taken, paid, 2 registered");
}

export async function approvedLater(office: BoxOffice): Promise<Branch> {
  await office.place("approved", orderOf(["Barbara"], { card: "careful" }));
  await office.until("approved", ({ state }) => state === "paying");
  await office.until("approved", ({ commands }) => commands.length === 0);
  await office.ask(Payment, "approved", { type: "Approve" }, "approve-approved");
  const end = await office.ended("approved");
  checkEnd(end, "");
  return branch("payment accepted later", end, "an event of the payments service goes on with it");
}

export async function declined(office: BoxOffice): Promise<Branch> {
  const free = await freeSeats(office);
  await office.place("declined", orderOf(["Kurt"], { card: "empty" }));
  const end = await office.ended("declined");
  checkEnd(end, "no-money");
  assert.equal(await freeSeats(office), free);
  return branch("payment rejected", end, "seats released");
}

export async function neverPaid(office: BoxOffice): Promise<Branch> {
  const free = await freeSeats(office);
  await office.place("never-paid", orderOf(["Alan"], { card: "careful", payWithinMs: 700 }));
  const end = await office.ended("never-paid");
  checkEnd(end, "payment-timeout");
  assert.equal(await freeSeats(office), free);
  const late = await office.ask(Payment, "never-paid", { type: "Approve" }, "approve-never-paid");
  assert.equal(late.status === "rejected" && late.code, "cancelled");
  return branch(
    "reservation expired",
    end,
    "payment cancelled, seats released; approved later: refused",
  );
}

export async function notEnoughSeats(office: BoxOffice): Promise<Branch> {
  await openConference(office, "tiny", 1);
  await office.place("too-many", orderOf(["Edsger", "Tony"], { conference: "tiny" }));
  const end = await office.ended("too-many");
  checkEnd(end, "not-enough-seats");
  assert.equal((await payment(office, "too-many")).status, "none");
  return branch("not enough seats", end, "nobody was asked for money");
}

/** The seats service hangs: it has its connections, and answers nothing. */
export async function seatsTimeout(
  office: BoxOffice,
  processes: ServiceProcesses,
): Promise<Branch> {
  const free = await freeSeats(office);
  processes.pause("seats");
  try {
    await office.place("seats-hang", orderOf(["Leslie"]));
    await office.until("seats-hang", ({ state }) => state === "undoing");
  } finally {
    processes.resume("seats");
  }
  const end = await office.ended("seats-hang");
  checkEnd(end, "seats-timeout");
  assert.equal(await freeSeats(office), free);
  return branch(
    "seats timeout",
    end,
    "nobody knew whether they were reserved; released, as a late one would be",
  );
}

/** Everything is asked twice: with the same id, and by somebody who doesn't know of the first. */
export async function duplicated(office: BoxOffice): Promise<Branch> {
  const data = orderOf(["Radia"]);
  await office.place("twice", data);
  await office.place("twice", data);
  const { cents, card } = data;
  const request = { type: "Request", data: { cents, card } } as const;
  await office.ask(Payment, "twice", request, "request-by-hand");
  const again = await office.ask(Payment, "twice", request, "request-by-hand");
  assert(again.status === "accepted" && again.duplicate);
  const end = await office.ended("twice");
  checkEnd(end, "");
  const { payments } = office.readers;
  const types = [...payments.history(Payment, "twice")].map(({ type }) => type);
  assert.deepEqual(types, ["PaymentRequested", "PaymentAccepted"]);
  return branch("duplicated", end, "order and payment asked for twice each, done once");
}

/** Paid before it is ordered: the payment's event arrives when there is no instance, and waits for it. */
export async function reordered(office: BoxOffice): Promise<Branch> {
  const data = orderOf(["Margaret"]);
  const { cents, card } = data;
  const request = { type: "Request", data: { cents, card } } as const;
  await office.ask(Payment, "paid-first", request, "pay-first");
  const early = await office.until("paid-first", ({ kept }) => kept.length === 1);
  assert.equal(early.status, "waiting");
  await office.place("paid-first", data);
  const end = await office.ended("paid-first");
  checkEnd(end, "");
  return branch("reordered", end, "paid before it was ordered: the event waited for its instance");
}

/** Paid before it is ordered, and then there are no seats. */
export async function reorderedForNothing(office: BoxOffice): Promise<Branch> {
  const data = orderOf(["Niklaus", "John"], { conference: "tiny" });
  const { cents, card } = data;
  const request = { type: "Request", data: { cents, card } } as const;
  await office.ask(Payment, "paid-in-vain", request, "pay-in-vain");
  await office.until("paid-in-vain", ({ kept }) => kept.length === 1);
  await office.place("paid-in-vain", data);
  const end = await office.ended("paid-in-vain");
  checkEnd(end, "not-enough-seats");
  assert.equal((await payment(office, "paid-in-vain")).status, "refunded");
  return branch("reordered, no seats", end, "the money went back");
}
