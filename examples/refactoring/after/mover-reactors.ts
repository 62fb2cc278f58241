/**
 * What carries facts to where they belong now: the payments of before to their orders, and refused seats, of before and of
 * today, to the waiting list.
 */
import assert from "node:assert/strict";
import { reactor, type Runtime } from "tidemark";
import { Conference } from "./conference.js";
import { Order } from "./order.js";
import { WaitingList } from "./waiting-list.js";

/** Told of each fact that has been moved, before that is noted anywhere else. */
export type OnMoved = (eventId: string) => void;

export function movers(runtime: () => Promise<Runtime>, onMoved: OnMoved) {
  // #region mover
  const movePayments = reactor({
    name: "move-payments",
    from: [Conference],
    start: "beginning",
    key: ({ data, entityId }) => ("orderId" in data ? data.orderId : entityId),
    on: {
      PaymentRecorded: async (event, { effectId }) => {
        const { entityId: conferenceId, eventId, recordedAtMs: paidAtMs } = event;
        const { orderId, cents } = event.data;
        const data = { conferenceId, cents, eventId, paidAtMs };
        // The same id each time: however often it is tried, and whoever dies meanwhile, it is moved once.
        const options = { commandId: effectId, causedBy: event };
        const command = { type: "TakeOverPayment", data } as const;
        const answer = await (await runtime()).ask(Order, orderId, command, options);
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
      SeatsRefused: async (event, { effectId }) => {
        const command = { type: "Collect", data: event.data } as const;
        const options = { commandId: effectId, causedBy: event };
        const answer = await (await runtime()).ask(WaitingList, event.entityId, command, options);
        assert(answer.status === "accepted");
      },
    },
  });
  return [movePayments, collectRefused];
}
