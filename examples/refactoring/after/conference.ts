/** The model as it is now: a conference gives out seats, and nothing else. */
import { aggregate, reject, upcaster } from "tidemark";

export type ConferenceCommand =
  | { readonly type: "Announce"; readonly data: { readonly name: string; readonly seats: number } }
  | {
      readonly type: "HoldSeats";
      readonly data: { readonly orderId: string; readonly seats: number };
    }
  | { readonly type: "ReleaseSeats"; readonly data: { readonly orderId: string } };

export type ConferenceEvent =
  | {
      readonly type: "ConferenceAnnounced";
      readonly data: { readonly name: string; readonly seats: number };
    }
  | {
      readonly type: "SeatsHeld";
      readonly data: { readonly orderId: string; readonly seats: number };
    }
  | { readonly type: "SeatsReleased"; readonly data: { readonly orderId: string } }
  | {
      readonly type: "SeatsRefused";
      readonly data: { readonly orderId: string; readonly seats: number };
    }
  /** Recorded here until orders had a stream of their own; moved there from here. */
  | {
      readonly type: "PaymentRecorded";
      readonly data: { readonly orderId: string; readonly cents: number };
    };

export interface ConferenceState {
  readonly name: string | null;
  readonly free: number;
  readonly held: Readonly<Record<string, number>>;
}

// #region upcasters
/** What events of before are today. Types that others still read stay; what nobody reads is dropped. */
export const upcasters = {
  SeatsReserved: upcaster<{ order: string; seats: number }>()
    .reshape(({ order, seats }) => ({ orderId: order, seats }))
    .renameTo("SeatsHeld"),
  ReservationCancelled: upcaster<{ order: string }>()
    .reshape(({ order }) => ({ orderId: order }))
    .renameTo("SeatsReleased"),
  SeatsNotReserved: upcaster<{ order: string; seats: number }>()
    .reshape(({ order, seats }) => ({ orderId: order, seats }))
    .renameTo("SeatsRefused"),
  PaymentRecorded: upcaster<{ order: string; cents: number }>().reshape(({ order, cents }) => ({
    orderId: order,
    cents,
  })),
  BadgesPrinted: upcaster().drop(),
};
// #endregion

export function conferenceWith(chains: Partial<typeof upcasters>) {
  return aggregate<ConferenceState, ConferenceCommand, ConferenceEvent>({
    name: "conference",
    initialState: () => ({ name: null, free: 0, held: {} }),
    decide: {
      Announce: ({ name }, data) =>
        name === null ? { type: "ConferenceAnnounced", data } : reject("announced-already"),
      HoldSeats: ({ free }, data) =>
        free >= data.seats ? { type: "SeatsHeld", data } : { type: "SeatsRefused", data },
      ReleaseSeats: ({ held }, { orderId }) =>
        orderId in held ? { type: "SeatsReleased", data: { orderId } } : reject("no-seats"),
    },
    // #region evolve
    evolve: {
      ConferenceAnnounced: (state, { name, seats }) => ({ ...state, name, free: seats }),
      SeatsHeld: (state, { orderId, seats }) => ({
        ...state,
        free: state.free - seats,
        held: { ...state.held, [orderId]: seats },
      }),
      SeatsReleased: (state, { orderId }) => {
        const { [orderId]: seats = 0, ...held } = state.held;
        return { ...state, free: state.free + seats, held };
      },
      // Another aggregate's business; the processes that carry them there read them from here.
      SeatsRefused: (state) => state,
      PaymentRecorded: (state) => state,
    },
    // #endregion
    upcasters: chains,
  });
}

export const Conference = conferenceWith(upcasters);
