/** The domain: clients book services. A booking knows both by their ids; their names are their own business. */
import { aggregate, reject } from "tidemark";

interface Named {
  readonly name: string | undefined;
}

interface NameData {
  readonly name: string;
}

export interface ClientCommand {
  readonly type: "Register" | "Rename";
  readonly data: NameData;
}

export interface ClientEvent {
  readonly type: "ClientRegistered" | "ClientRenamed";
  readonly data: NameData;
}

export const Client = aggregate<Named, ClientCommand, ClientEvent>({
  name: "client",
  initialState: () => ({ name: undefined }),
  decide: {
    Register: (state, data) =>
      state.name === undefined ? { type: "ClientRegistered", data } : reject("registered-already"),
    Rename: (state, data) => (state.name === data.name ? [] : { type: "ClientRenamed", data }),
  },
  evolve: {
    ClientRegistered: (_state, { name }) => ({ name }),
    ClientRenamed: (_state, { name }) => ({ name }),
  },
});

export interface ServiceCommand {
  readonly type: "Offer" | "Rename";
  readonly data: NameData;
}

export interface ServiceEvent {
  readonly type: "ServiceOffered" | "ServiceRenamed";
  readonly data: NameData;
}

export const Service = aggregate<Named, ServiceCommand, ServiceEvent>({
  name: "service",
  initialState: () => ({ name: undefined }),
  decide: {
    Offer: (state, data) =>
      state.name === undefined ? { type: "ServiceOffered", data } : reject("offered-already"),
    Rename: (state, data) => (state.name === data.name ? [] : { type: "ServiceRenamed", data }),
  },
  evolve: {
    ServiceOffered: (_state, { name }) => ({ name }),
    ServiceRenamed: (_state, { name }) => ({ name }),
  },
});

interface BookingData {
  readonly clientId: string;
  readonly serviceId: string;
  /** Such as `2026-05-04`. */
  readonly day: string;
}

export type BookingCommand =
  { readonly type: "Book"; readonly data: BookingData } | { readonly type: "Cancel" };

export type BookingEvent =
  { readonly type: "Booked"; readonly data: BookingData } | { readonly type: "Cancelled" };

export const Booking = aggregate<
  { readonly state: "none" | "booked" | "cancelled" },
  BookingCommand,
  BookingEvent
>({
  name: "booking",
  initialState: () => ({ state: "none" }),
  decide: {
    Book: ({ state }, data) =>
      state === "none" ? { type: "Booked", data } : reject("booked-already"),
    Cancel: ({ state }) =>
      state === "booked" ? { type: "Cancelled" } : reject("not-booked", { state }),
  },
  evolve: {
    Booked: () => ({ state: "booked" }),
    Cancelled: () => ({ state: "cancelled" }),
  },
});
