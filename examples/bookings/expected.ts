/** What the view must show, joined from the whole log in plain code: names first, then who is booked. */
import type { RecordedEvent, Runtime } from "tidemark";
import { UNKNOWN, type BookingRow } from "./bookings-view.js";
import type { BookingEvent, ClientEvent, ServiceEvent } from "./booking.js";

type Event = RecordedEvent<BookingEvent | ClientEvent | ServiceEvent>;

export function joinBookings(runtime: Runtime): ReadonlyMap<string, BookingRow> {
  const names = new Map<string, string>();
  const rows = new Map<string, BookingRow>();
  const filter = { streamTypes: ["client", "service", "booking"] };
  for (const event of runtime.events({ filter }) as Iterable<Event>) {
    if (event.type === "Cancelled") rows.delete(event.entityId);
    else if (event.type === "Booked")
      rows.set(event.entityId, { ...event.data, clientName: UNKNOWN, serviceName: UNKNOWN });
    else names.set(event.streamId, event.data.name);
  }
  for (const [id, row] of rows)
    rows.set(id, {
      ...row,
      clientName: names.get(`client/${row.clientId}`) ?? UNKNOWN,
      serviceName: names.get(`service/${row.serviceId}`) ?? UNKNOWN,
    });
  return rows;
}
