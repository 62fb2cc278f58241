/** The code of the guide about privacy. */
import {
  aggregate,
  collection,
  masterKeyFromEnvironment,
  openRuntime,
  projection,
  type Runtime,
} from "tidemark";

export interface Booking {
  readonly contact: string;
  readonly guests: readonly { readonly guestId: string; readonly name: string }[];
}

export type BookingCommand = { readonly type: "Book"; readonly data: Booking };
export type BookingEvent = { readonly type: "Booked"; readonly data: Booking };

// #region declare
export const Bookings = aggregate<Booking, BookingCommand, BookingEvent>({
  name: "booking",
  initialState: () => ({ contact: "", guests: [] }),
  decide: { Book: (_, data) => ({ type: "Booked", data }) },
  evolve: { Booked: (_, data) => data },
  personal: {
    Booked: [
      // Of the booking itself: its id is the subject.
      { path: "contact", placeholder: "nobody@invalid" },
      // Of each guest: whose id is the subject, in every booking.
      {
        each: "guests",
        subject: ({ guestId }: Booking["guests"][number]) => guestId,
        fields: ["name"],
      },
    ],
  },
  // Found by equality only: the journal has hashes of the keys.
  claims: { contact: { personal: true, keys: ({ contact }) => contact || null } },
});
// #endregion

// #region view
export interface BookingRow {
  readonly contact: string;
  readonly party: string;
}

export const bookingList = projection({
  name: "booking-list",
  version: 1,
  from: [Bookings],
  collections: {
    bookings: collection<BookingRow>().index("byContact", "contact").personal("byContact"),
  },
  on: {
    Booked: ({ entityId, data }, { bookings }) => {
      const party = data.guests.map(({ name }) => name).join(" and ");
      bookings.put(entityId, { contact: data.contact, party });
    },
  },
});
// #endregion

// #region open
export const openBookings = (directory: string): Promise<Runtime> =>
  openRuntime({
    directory,
    aggregates: [Bookings],
    projections: [bookingList],
    privacy: { masterKey: masterKeyFromEnvironment("TIDEMARK_MASTER_KEY") },
  });
// #endregion

// #region forget
export async function forgetGuest(runtime: Runtime, guestId: string): Promise<number> {
  const would = await runtime.privacy.forget(guestId, { dryRun: true });
  if (would.keyIds.length === 0) return 0;
  const done = await runtime.privacy.forget(guestId, { by: "desk", reason: "asked for by letter" });
  return done.documents["booking-list"] ?? 0;
}
// #endregion
