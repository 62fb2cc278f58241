/** Of the seats service: how many seats a conference has left, and for whom others are held. */
import { aggregate, reject } from "tidemark";

type SeatsCommand =
  | { type: "AddSeats"; data: { seats: number } }
  | { type: "Reserve"; data: { orderId: string; seats: number } }
  | { type: "Confirm"; data: { orderId: string } }
  | { type: "Release"; data: { orderId: string } };
type SeatsEvent =
  | { type: "SeatsAdded"; data: { seats: number } }
  | { type: "SeatsReserved"; data: { orderId: string; seats: number } }
  | { type: "SeatsConfirmed"; data: { orderId: string; seats: number } }
  | { type: "SeatsReleased"; data: { orderId: string; seats: number } };

export interface Reservation {
  readonly status: "reserved" | "confirmed" | "released";
  readonly seats: number;
}

export interface Availability {
  readonly free: number;
  readonly byOrder: Readonly<Record<string, Reservation>>;
}

export const SeatsAvailability = aggregate<Availability, SeatsCommand, SeatsEvent>({
  name: "seats",
  initialState: () => ({ free: 0, byOrder: {} }),
  decide: {
    AddSeats: (_state, data) => ({ type: "SeatsAdded", data }),
    Reserve: ({ free, byOrder }, { orderId, seats }) => {
      const status = byOrder[orderId]?.status;
      if (status === "released") return reject("released");
      if (status !== undefined) return [];
      return seats > free
        ? reject("not-enough-seats", { free })
        : { type: "SeatsReserved", data: { orderId, seats } };
    },
    Confirm: ({ byOrder }, { orderId }) => {
      const { status, seats = 0 } = byOrder[orderId] ?? {};
      if (status === "confirmed") return [];
      return status === "reserved"
        ? { type: "SeatsConfirmed", data: { orderId, seats } }
        : reject("not-reserved");
    },
    // Also where nothing was reserved: a reservation that was overtaken by its release must not hold seats for ever.
    Release: ({ byOrder }, { orderId }) => {
      const { status, seats = 0 } = byOrder[orderId] ?? {};
      if (status === "released") return [];
      return status === "confirmed"
        ? reject("confirmed")
        : { type: "SeatsReleased", data: { orderId, seats } };
    },
  },
  evolve: {
    SeatsAdded: (state, { seats }) => ({ ...state, free: state.free + seats }),
    SeatsReserved: ({ free, byOrder }, { orderId, seats }) => ({
      free: free - seats,
      byOrder: { ...byOrder, [orderId]: { status: "reserved", seats } },
    }),
    SeatsConfirmed: ({ free, byOrder }, { orderId, seats }) => ({
      free,
      byOrder: { ...byOrder, [orderId]: { status: "confirmed", seats } },
    }),
    SeatsReleased: ({ free, byOrder }, { orderId, seats }) => ({
      free: free + seats,
      byOrder: { ...byOrder, [orderId]: { status: "released", seats } },
    }),
  },
});
