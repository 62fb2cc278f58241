/** The join: one projection of three aggregates, whose documents are ready to be shown. */
import { collection, projection, type DocumentsOf } from "tidemark";
import { Booking, Client, Service } from "./booking.js";

export interface BookingRow {
  readonly clientId: string;
  readonly clientName: string;
  readonly serviceId: string;
  readonly serviceName: string;
  readonly day: string;
}

interface Name {
  readonly name: string;
}

/** Stands where a client or service isn't known yet; its first event mends it. */
export const UNKNOWN = "?";

// #region join
const collections = {
  bookings: collection<BookingRow>()
    .index("byService", "serviceId", "day")
    .index("byClient", "clientId", "day")
    .index("byServiceName", "serviceName"),
  clients: collection<Name>(),
  services: collection<Name>(),
};

type Documents = DocumentsOf<typeof collections>;

function nameService(serviceId: string, name: Name, { bookings, services }: Documents): void {
  services.put(serviceId, name);
  for (const { id, document } of bookings.find("byService", { equals: serviceId }))
    bookings.put(id, { ...document, serviceName: name.name });
}
// #endregion

function nameClient(clientId: string, name: Name, { bookings, clients }: Documents): void {
  clients.put(clientId, name);
  for (const { id, document } of bookings.find("byClient", { equals: clientId }))
    bookings.put(id, { ...document, clientName: name.name });
}

export const bookingsView = projection({
  name: "bookings",
  version: 1,
  from: [Client, Service, Booking],
  collections,
  on: {
    Booked: ({ entityId, data }, { bookings, clients, services }) =>
      bookings.put(entityId, {
        ...data,
        clientName: clients.get(data.clientId)?.name ?? UNKNOWN,
        serviceName: services.get(data.serviceId)?.name ?? UNKNOWN,
      }),
    Cancelled: ({ entityId }, { bookings }) => bookings.remove(entityId),
    ClientRegistered: ({ entityId, data }, documents) => nameClient(entityId, data, documents),
    ClientRenamed: ({ entityId, data }, documents) => nameClient(entityId, data, documents),
    ServiceOffered: ({ entityId, data }, documents) => nameService(entityId, data, documents),
    ServiceRenamed: ({ entityId, data }, documents) => nameService(entityId, data, documents),
  },
});
