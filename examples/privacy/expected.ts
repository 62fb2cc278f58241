/** What the books must say, counted apart from what is recorded. */
import { booking } from "./traffic.js";
import type { BooksRow } from "./hotel-view.js";

export function expectedBooks(count: number): BooksRow {
  let [nights, revenueEuros] = [0, 0];
  for (let n = 0; n < count; n++) {
    const booked = booking(n, count);
    nights += booked.nights;
    revenueEuros += booked.priceEuros;
  }
  return { stays: count, nights, revenueEuros };
}
