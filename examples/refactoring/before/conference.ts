/** The model as it was: a conference knows everything about its orders. Kept only so that this program can write a real log. */
import { aggregate, reject } from "tidemark";

export type ConferenceCommand =
  | { readonly type: "Announce"; readonly data: { readonly name: string; readonly seats: number } }
  | {
      readonly type: "ReserveSeats";
      readonly data: { readonly order: string; readonly seats: number };
    }
  | { readonly type: "CancelReservation"; readonly data: { readonly order: string } }
  | {
      readonly type: "RecordPayment";
      readonly data: { readonly order: string; readonly cents: number };
    }
  | { readonly type: "PrintBadges"; readonly data: { readonly order: string } };

export type ConferenceEvent =
  | {
      readonly type: "ConferenceAnnounced";
      readonly data: { readonly name: string; readonly seats: number };
    }
  | {
      readonly type: "SeatsReserved";
      readonly data: { readonly order: string; readonly seats: number };
    }
  | {
      readonly type: "SeatsNotReserved";
      readonly data: { readonly order: string; readonly seats: number };
    }
  | { readonly type: "ReservationCancelled"; readonly data: { readonly order: string } }
  | {
      readonly type: "PaymentRecorded";
      readonly data: { readonly order: string; readonly cents: number };
    }
  | { readonly type: "BadgesPrinted"; readonly data: { readonly order: string } };

export interface ConferenceState {
  readonly name: string | null;
  readonly free: number;
  /** Seats by order. */
  readonly held: Readonly<Record<string, number>>;
  readonly paidCents: number;
  readonly badges: number;
}

export const ConferenceBefore = aggregate<ConferenceState, ConferenceCommand, ConferenceEvent>({
  name: "conference",
  initialState: () => ({ name: null, free: 0, held: {}, paidCents: 0, badges: 0 }),
  decide: {
    Announce: ({ name }, data) =>
      name === null ? { type: "ConferenceAnnounced", data } : reject("announced-already"),
    ReserveSeats: ({ free }, data) =>
      free >= data.seats ? { type: "SeatsReserved", data } : { type: "SeatsNotReserved", data },
    CancelReservation: ({ held }, { order }) =>
      order in held ? { type: "ReservationCancelled", data: { order } } : reject("no-reservation"),
    RecordPayment: ({ held }, data) =>
      data.order in held ? { type: "PaymentRecorded", data } : reject("no-reservation"),
    PrintBadges: ({ held }, { order }) =>
      order in held ? { type: "BadgesPrinted", data: { order } } : reject("no-reservation"),
  },
  evolve: {
    ConferenceAnnounced: (state, { name, seats }) => ({ ...state, name, free: seats }),
    SeatsReserved: (state, { order, seats }) => ({
      ...state,
      free: state.free - seats,
      held: { ...state.held, [order]: seats },
    }),
    SeatsNotReserved: (state) => state,
    ReservationCancelled: (state, { order }) => {
      const { [order]: seats = 0, ...held } = state.held;
      return { ...state, free: state.free + seats, held };
    },
    PaymentRecorded: (state, { cents }) => ({ ...state, paidCents: state.paidCents + cents }),
    BadgesPrinted: (state) => ({ ...state, badges: state.badges + 1 }),
  },
});
