/** The view as it is now: the same rows for those who read them, from three aggregates. */
import { collection, projection } from "tidemark";
import {
  cancelled,
  conferencesBefore,
  reserved,
  type ConferenceRow,
} from "../before/conferences-view.js";
import { Conference } from "./conference.js";
import { Order } from "./order.js";
import { WaitingList } from "./waiting-list.js";

// #region view
export const conferencesView = projection({
  name: "conferences",
  version: 2,
  from: [Conference, Order, WaitingList],
  collections: { conferences: collection<ConferenceRow>() },
  // While payments are on their way this one lacks some: the old one serves until somebody says so.
  previous: conferencesBefore,
  approval: true,
  // #endregion
  on: {
    ConferenceAnnounced: ({ entityId, data }, { conferences }) =>
      conferences.put(entityId, {
        name: data.name,
        free: data.seats,
        paidCents: 0,
        wantedSeats: 0,
        held: {},
      }),
    SeatsHeld: ({ entityId, data }, { conferences }) =>
      conferences.update(entityId, (row) => row && reserved(row, data.orderId, data.seats)),
    SeatsReleased: ({ entityId, data }, { conferences }) =>
      conferences.update(entityId, (row) => row && cancelled(row, data.orderId)),
    SeatsWanted: ({ entityId, data }, { conferences }) =>
      conferences.update(
        entityId,
        (row) => row && { ...row, wantedSeats: row.wantedSeats + data.seats },
      ),
    OrderPaid: ({ data }, { conferences }) =>
      conferences.update(
        data.conferenceId,
        (row) => row && { ...row, paidCents: row.paidCents + data.cents },
      ),
  },
  // #region view
});
// #endregion
