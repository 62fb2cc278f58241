/** What is booked: one service by very many, the others by some; and a stream of bookings beside whatever is measured. */
import assert from "node:assert/strict";
import { createHistogram, type Histogram } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Runtime } from "tidemark";
import { pickAt, randomAt } from "tidemark/testing";
import { Booking, Client, Service } from "./booking.js";

/** The one that is renamed. */
export const SERVICE = "service-0";
export const SERVICE_NAME = "Massage";

export interface Size {
  /** Of the one service; the others together have as many. */
  readonly bookings: number;
  readonly clients: number;
}

const OTHERS = ["Haircut", "Manicure", "Sauna", "Yoga", "Dentist", "Piano lesson"] as const;
const NAMES = ["Ada", "Bo", "Chen", "Dana", "Eve", "Finn", "Hana", "Ivo", "Jun"] as const;

const inFlight = 128;

export async function bookEverything(runtime: Runtime, size: Size): Promise<void> {
  // Bookings come first: the join must not depend on who is known when.
  await each(size.bookings / 2, (n) => book(runtime, size, n, SERVICE));
  await runtime.ask(Service, SERVICE, { type: "Offer", data: { name: SERVICE_NAME } });
  await each(OTHERS.length, (n) =>
    runtime.ask(Service, `service-${n + 1}`, {
      type: "Offer",
      data: { name: OTHERS[n] ?? "" },
    }),
  );
  await each(size.clients, (n) => {
    const name = `${pickAt(NAMES, 1, n)} ${n}`;
    return runtime.ask(Client, `client-${n}`, { type: "Register", data: { name } });
  });
  await each(size.bookings / 2, (n) => book(runtime, size, size.bookings / 2 + n, SERVICE));
  await each(size.bookings, (n) => book(runtime, size, size.bookings + n));
}

/** Of a service, or of any but the one that is renamed. */
export async function book(
  runtime: Runtime,
  { clients }: Size,
  number: number,
  serviceId = `service-${1 + Math.floor(randomAt(2, number) * OTHERS.length)}`,
): Promise<void> {
  const clientId = `client-${Math.floor(randomAt(3, number) * clients)}`;
  const day = `2026-05-${String(1 + Math.floor(randomAt(4, number) * 31)).padStart(2, "0")}`;
  const data = { clientId, serviceId, day };
  const answer = await runtime.ask(Booking, `booking-${number}`, { type: "Book", data });
  assert.equal(answer.status, "accepted");
}

async function each(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** Bookings that come at a rate, each on its own, whether the ones before are answered or not. */
export class Stream {
  readonly #latencies = createHistogram();
  #running = true;
  readonly #sent: Promise<void>[] = [];
  readonly #sending: Promise<void>;

  constructor(runtime: Runtime, size: Size, firstNumber: number, perSecond: number) {
    this.#sending = this.#send(runtime, size, firstNumber, perSecond);
  }

  async #send(runtime: Runtime, size: Size, firstNumber: number, perSecond: number) {
    const startedAt = performance.now();
    for (let n = 0; this.#running; n++) {
      const dueAt = startedAt + (n * 1_000) / perSecond;
      if (dueAt > performance.now()) await sleep(dueAt - performance.now());
      // From when it was due: what couldn't even be sent in time has waited as well.
      const booked = book(runtime, size, firstNumber + n);
      const record = () =>
        this.#latencies.record(Math.max(1, Math.round((performance.now() - dueAt) * 1e6)));
      this.#sent.push(booked.then(record));
    }
  }

  /** Nanoseconds. */
  get latencies(): Histogram {
    return this.#latencies;
  }

  /** Resolves once everything is answered, with how many there were. */
  async stop(): Promise<number> {
    this.#running = false;
    await this.#sending;
    await Promise.all(this.#sent);
    return this.#sent.length;
  }
}
