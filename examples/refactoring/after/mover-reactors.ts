/**
 * What carries facts to where they belong now: the payments of before to their orders, and refused seats, of before and of
 * today, to the waiting list.
 */
import assert from "node:assert/strict";
import { reactor } from "tidemark";
import { Conference } from "./conference.js";
import { Order } from "./order.js";
import { WaitingList } from "./waiting-list.js";

/** Told of each fact that has been moved, before that is noted anywhere else. */
export type OnMoved = (eventId: string) => void;

export function movers(onMoved: OnMoved) {
  // #region mover
  const movePayments = reactor({
    name: "move-payments",
    from: [Conference],
    start: "beginning",
    key: ({ data, entityId }) => ("orderId" in data ? data.orderId : entityId),
    on: {
      PaymentRecorded: async (event, { ask }) => {
        const { entityId: conferenceId, eventId, recordedAtMs: paidAtMs } = event;
        const { orderId, cents } = event.data;
        const data = { conferenceId, cents, eventId, paidAtMs };
        // With the same command id each time: however often it is tried, and whoever dies meanwhile, it is moved once.
        const answer = await ask(Order, orderId, { type: "TakeOverPayment", data });
        assert(answer.status === "accepted");
        onMoved(eventId);
      },
    },
  });
  // #endregion
  const collectRefused = reactor({
    name: "collect-refused",
    from: [Conference],
    start: "beginning",
    on: {
      SeatsRefused: async ({ entityId, data }, { ask }) => {
        const answer = await ask(WaitingList, entityId, { type: "Collect", data });
        assert(answer.status === "accepted");
      },
    },
  });
  return [movePayments, collectRefused];
}
