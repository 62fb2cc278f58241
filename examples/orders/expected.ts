/** What the three journals say at the end, counted event by event: nothing that anybody calculated on the way. */
import assert from "node:assert/strict";
import type { DataOf, EventOf, Runtime } from "tidemark";
import type { BoxOffice } from "./box-office.js";
import { OrderSaga } from "./order-saga.js";
import { Order, Registration } from "./order.js";
import { Payment } from "./payment.js";
import { SeatsAvailability } from "./seats.js";
import { CENTS_PER_SEAT } from "./branches.js";

/** What was counted, as lines of a name and a number. */
export type Books = readonly (readonly [what: string, count: number])[];

/** Counts, and compares. @throws AssertionError - The journals don't agree with each other. */
export function checkBooks({ readers: { orders, seats, payments } }: BoxOffice): Books {
  const placed = new Recorded(orders, Order, "OrderPlaced");
  const confirmed = new Recorded(orders, Order, "OrderConfirmed");
  const registered = new Recorded(orders, Registration, "AttendeeRegistered");
  const reserved = new Recorded(seats, SeatsAvailability, "SeatsReserved");
  const released = new Recorded(seats, SeatsAvailability, "SeatsReleased");
  const taken = new Recorded(seats, SeatsAvailability, "SeatsConfirmed");
  const accepted = new Recorded(payments, Payment, "PaymentAccepted");
  const refunded = new Recorded(payments, Payment, "PaymentRefunded");
  const takenOver = new Recorded(orders, Payment, "PaymentAccepted");

  assert.equal(new Set(accepted.ids).size, accepted.ids.length, "an order was paid twice");
  assert.deepEqual(takenOver.ids, accepted.ids, "each acceptance is taken over once");
  const paid = accepted.ids.filter((id) => !refunded.ids.includes(id));
  assert.deepEqual(paid, confirmed.ids, "what was paid and kept is what is confirmed");
  const seatsTaken = taken.sum(({ seats }) => seats);
  const cents = accepted.sum(({ cents }) => cents) - refunded.sum(({ cents }) => cents);
  assert.equal(cents, seatsTaken * CENTS_PER_SEAT, "seats are paid for");
  assert.equal(registered.ids.length, seatsTaken, "each seat has an attendee");
  const held = reserved.sum(({ seats }) => seats) - released.sum(({ seats }) => seats);
  assert.equal(held, seatsTaken, "no seat is held for nobody");
  checkInstances(orders, placed.ids.length);
  return [
    ["orders placed", placed.ids.length],
    ["orders confirmed", confirmed.ids.length],
    ["orders paid", paid.length],
    ["payments accepted", accepted.ids.length],
    ["payments paid back", refunded.ids.length],
    ["seats reserved at one time or another", reserved.sum(({ seats }) => seats)],
    ["seats confirmed", seatsTaken],
    ["seats paid", cents / CENTS_PER_SEAT],
    ["attendees registered", registered.ids.length],
  ];
}

/** Every instance is at an end, none is parked, and no input was for nobody. */
function checkInstances({ sagas }: Runtime, placed: number): void {
  const counts = sagas.counts(OrderSaga);
  for (const { status, state, instances } of counts)
    assert.equal(status, "done", `${instances} instances are ${status} in ${state}`);
  const instances = counts.reduce((sum, count) => sum + count.instances, 0);
  assert.equal(instances, placed, "an instance for each order");
  assert.deepEqual(sagas.refused(OrderSaga), []);
}

/** The events of a type in a journal. */
class Recorded<A extends Ref, Type extends EventOf<A>["type"]> {
  readonly #data: readonly DataOf<EventOf<A>, Type>[];
  /** Of their entities, sorted. */
  readonly ids: readonly string[];

  constructor(runtime: Runtime, { name }: A, type: Type) {
    const events = [...runtime.events({ filter: { streamTypes: [name] } })].filter(
      (event) => event.type === type,
    );
    this.#data = events.map(({ data }) => data as DataOf<EventOf<A>, Type>);
    this.ids = events.map(({ entityId }) => entityId).sort();
  }

  sum(amount: (data: DataOf<EventOf<A>, Type>) => number): number {
    return this.#data.reduce((total, data) => total + amount(data), 0);
  }
}

type Ref = typeof Order | typeof Registration | typeof SeatsAvailability | typeof Payment;
