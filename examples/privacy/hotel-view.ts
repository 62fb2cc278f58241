/** What the desk sees: guests, found by their address, stays with the names of the party, and the books. */
import { collection, projection } from "tidemark";
import { Booking } from "./booking.js";
import { Guest } from "./guest.js";

export interface GuestRow {
  readonly name: string;
  readonly email: string;
  readonly wish: string;
}

export interface StayRow {
  readonly contact: string;
  /** A list, not one text: so who is forgotten goes, and the others stay. */
  readonly party: readonly string[];
  readonly nights: number;
}

export interface BooksRow {
  readonly stays: number;
  readonly nights: number;
  readonly revenueEuros: number;
}

const NO_BOOKS: BooksRow = { stays: 0, nights: 0, revenueEuros: 0 };

export const hotelView = projection({
  name: "hotel",
  version: 1,
  from: [Guest, Booking],
  collections: {
    guests: collection<GuestRow>().index("byEmail", "email").personal("byEmail"),
    stays: collection<StayRow>(),
    books: collection<BooksRow>(),
  },
  on: {
    Registered: ({ entityId, data: { name, email } }, { guests }) =>
      guests.put(entityId, { name, email, wish: "" }),
    WishNoted: ({ entityId, data: { text } }, { guests }) =>
      guests.update(entityId, (found) => found && { ...found, wish: text }),
    Booked: ({ entityId, data: { contact, party, nights, priceEuros } }, { stays, books }) => {
      stays.put(entityId, { contact, party: party.map(({ name }) => name), nights });
      books.update("all", (found = NO_BOOKS) => ({
        stays: found.stays + 1,
        nights: found.nights + nights,
        revenueEuros: found.revenueEuros + priceEuros,
      }));
    },
  },
});
