/** A booking: of two guests, each of whom may be forgotten without the other. */
import { aggregate, reject } from "tidemark";

export interface Booked {
  readonly bookedBy: string;
  /** Of who booked. */
  readonly contact: string;
  readonly party: readonly { readonly guestId: string; readonly name: string }[];
  readonly nights: number;
  readonly priceEuros: number;
}

export interface BookingState {
  readonly booked: Booked | null;
}

export type BookingCommand = { readonly type: "Book"; readonly data: Booked };
export type BookingEvent = { readonly type: "Booked"; readonly data: Booked };

export const Booking = aggregate<BookingState, BookingCommand, BookingEvent>({
  name: "booking",
  initialState: () => ({ booked: null }),
  decide: {
    Book: ({ booked }, data) =>
      booked === null ? { type: "Booked", data } : reject("booked-already"),
  },
  evolve: { Booked: (_, booked) => ({ booked }) },
  personal: {
    // #region two-subjects
    Booked: [
      { subject: ({ bookedBy }: Booked) => bookedBy, fields: ["contact"] },
      {
        each: "party",
        subject: ({ guestId }: Booked["party"][number]) => guestId,
        fields: ["name"],
      },
    ],
    // #endregion
  },
});
