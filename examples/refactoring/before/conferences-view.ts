/** The view as it was: everything from the one aggregate. */
import { collection, projection } from "tidemark";
import { ConferenceBefore } from "./conference.js";

export interface ConferenceRow {
  readonly name: string;
  readonly free: number;
  readonly paidCents: number;
  /** Seats that were wanted, and weren't there. */
  readonly wantedSeats: number;
  /** Seats by order: a cancellation says the order only. */
  readonly held: Readonly<Record<string, number>>;
}

export const conferencesBefore = projection({
  name: "conferences",
  version: 1,
  from: [ConferenceBefore],
  collections: { conferences: collection<ConferenceRow>() },
  on: {
    ConferenceAnnounced: ({ entityId, data }, { conferences }) =>
      conferences.put(entityId, {
        name: data.name,
        free: data.seats,
        paidCents: 0,
        wantedSeats: 0,
        held: {},
      }),
    SeatsReserved: ({ entityId, data }, { conferences }) =>
      conferences.update(entityId, (row) => row && reserved(row, data.order, data.seats)),
    ReservationCancelled: ({ entityId, data }, { conferences }) =>
      conferences.update(entityId, (row) => row && cancelled(row, data.order)),
    SeatsNotReserved: ({ entityId, data }, { conferences }) =>
      conferences.update(
        entityId,
        (row) => row && { ...row, wantedSeats: row.wantedSeats + data.seats },
      ),
    PaymentRecorded: ({ entityId, data }, { conferences }) =>
      conferences.update(
        entityId,
        (row) => row && { ...row, paidCents: row.paidCents + data.cents },
      ),
  },
});

export function reserved(row: ConferenceRow, order: string, seats: number): ConferenceRow {
  return { ...row, free: row.free - seats, held: { ...row.held, [order]: seats } };
}

export function cancelled(row: ConferenceRow, order: string): ConferenceRow {
  const { [order]: seats = 0, ...held } = row.held;
  return { ...row, free: row.free + seats, held };
}
