/** Guests and their bookings, each made from its number. */
import assert from "node:assert/strict";
import type { Runtime } from "tidemark";
import { Booking, type Booked } from "./booking.js";
import { Guest, type Person } from "./guest.js";

/** Who is to be forgotten, and who shares a booking with them. */
export const ANN = 7;
export const BEN = 8;

export const guestId = (n: number): string => `g-${n}`;
export const bookingId = (n: number): string => `b-${n}`;

export function person(n: number): Person {
  const name =
    n === ANN ? "Annabel Archer-Quillfeather" : n === BEN ? "Benedikt Birdwhistle" : `Guest ${n}`;
  const mailbox = n === ANN ? "annabel.archer" : n === BEN ? "ben.birdwhistle" : `guest-${n}`;
  return { name, email: `${mailbox}@example.org`, passport: `PASS-${700_000 + n}` };
}

/** Texts that tell who somebody is, as they would stand in a file. */
export function traces(n: number): readonly string[] {
  const { name, email, passport } = person(n);
  return [name, email, passport, ...(n === ANN ? ["Quillfeather"] : [])];
}

/** Each guest books once, and comes with the next one. */
export function booking(n: number, count: number): Booked {
  const party = [n, (n + 1) % count];
  return {
    bookedBy: guestId(n),
    contact: person(n).email,
    party: party.map((each) => ({ guestId: guestId(each), name: person(each).name })),
    nights: 1 + (n % 5),
    priceEuros: 80 + (n % 13) * 10,
  };
}

export async function register(runtime: Runtime, id: string, data: Person): Promise<string> {
  const answer = await runtime.ask(Guest, id, { type: "Register", data });
  return answer.status === "rejected" ? answer.code : answer.status;
}

const AT_ONCE = 100;

/** Everybody registers, wishes for something and books. */
export async function season(runtime: Runtime, count: number): Promise<void> {
  for (let first = 0; first < count; first += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - first);
    await Promise.all(Array.from({ length }, (_, n) => arrive(runtime, first + n, count)));
  }
}

async function arrive(runtime: Runtime, n: number, count: number): Promise<void> {
  assert.equal(await register(runtime, guestId(n), person(n)), "accepted");
  const data = { wish: n % 2 === 0 ? "a quiet room" : "a late breakfast" };
  await runtime.ask(Guest, guestId(n), { type: "Wish", data });
  await runtime.ask(Booking, bookingId(n), { type: "Book", data: booking(n, count) });
}
