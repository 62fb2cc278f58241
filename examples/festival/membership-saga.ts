/**
 * The saga of one membership, from the asking to the leaving: `team-7#2` is the second event that team 7 has joined. The event
 * admits first and the team settles then, so at no moment does a team belong to an event that doesn't know it.
 */
import {
  compensate,
  resume,
  saga,
  send,
  start,
  type AnswerEvent,
  type CompensatedEvent,
} from "tidemark";
import { assign, setup } from "xstate";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

interface Joining {
  readonly teamId: string;
  readonly eventId: string;
  readonly join: number;
}

const machine = setup({
  types: {
    context: {} as Joining & { readonly refusedWith?: string },
    input: {} as Joining,
    events: {} as
      | AnswerEvent<"admit", typeof FestivalEvent>
      | AnswerEvent<"settle" | "refuse", typeof Team>
      | CompensatedEvent
      | { readonly type: "Left" }
      | { readonly type: "EventGone" },
  },
  actions: {
    admit: send(
      FestivalEvent,
      ({ context }) => context.eventId,
      ({ context: { teamId, join } }) => ({ type: "Admit", data: { teamId, join } }),
      {
        as: "admit",
        compensateWith: ({ context: { teamId, join } }) => ({
          type: "Release",
          data: { teamId, join },
        }),
      },
    ),
    settle: send(
      Team,
      ({ context }) => context.teamId,
      ({ context: { join } }) => ({ type: "Settle", data: { join } }),
      { as: "settle" },
    ),
    refuse: send(
      Team,
      ({ context }) => context.teamId,
      ({ context: { join, refusedWith } }) => ({
        type: "RefuseJoin",
        data: { join, code: refusedWith ?? "refused" },
      }),
      { as: "refuse" },
    ),
    release: compensate(),
  },
}).createMachine({
  id: "membership",
  context: ({ input }) => input,
  initial: "admitting",
  states: {
    admitting: {
      entry: "admit",
      on: {
        "admit.accepted": "settling",
        "admit.rejected": {
          target: "refusing",
          actions: assign({ refusedWith: ({ event }) => event.code }),
        },
      },
    },
    settling: {
      entry: "settle",
      on: {
        "settle.accepted": "member",
        // Dissolved, or its event deleted, in the meantime.
        "settle.rejected": "leaving",
        // Settled and gone again, which may be known before the answer is.
        Left: "leaving",
        EventGone: "ended",
      },
    },
    member: { on: { Left: "leaving", EventGone: "ended" } },
    leaving: { entry: "release", on: { compensated: "ended" } },
    refusing: { entry: "refuse", on: { "refuse.accepted": "refused" } },
    ended: { type: "final" },
    refused: { type: "final" },
  },
});

export const Membership = saga({
  name: "membership",
  machine,
  from: [Team],
  correlate: {
    JoinAsked: ({ entityId: teamId, data: { eventId, join } }) =>
      start(`${teamId}#${join}`, { teamId, eventId, join }),
    TeamSettled: ({ entityId, data: { left } }) =>
      left === null ? undefined : resume(`${entityId}#${left}`, { type: "Left" }),
    TeamDissolved: ({ entityId, data: { left, because } }) =>
      left === null
        ? undefined
        : resume(`${entityId}#${left}`, {
            type: because === "event-deleted" ? "EventGone" : "Left",
          }),
  },
  start: "beginning",
});
