/**
 * The saga that takes an event's teams along when it is deleted: an instance for each event, done once every team has answered.
 * One that can't answer is asked again later, for as long as it takes.
 */
import { saga, send, start, type AnswerEvent } from "tidemark";
import { assign, enqueueActions, setup } from "xstate";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

interface Deleted {
  readonly eventId: string;
  readonly teamIds: readonly string[];
}

interface Context {
  readonly eventId: string;
  /** To be told next. */
  readonly teamIds: readonly string[];
  /** Commands that aren't answered. */
  readonly unanswered: number;
}

const AGAIN_AFTER_MS = 60_000;

const machine = setup({
  types: {
    context: {} as Context,
    input: {} as Deleted,
    events: {} as AnswerEvent<"dissolve", typeof Team>,
  },
  delays: { again: AGAIN_AFTER_MS },
  guards: {
    allAnswered: ({ context }) => context.unanswered === 0,
    allGone: ({ context }) => context.unanswered === 0 && context.teamIds.length === 0,
  },
  actions: {
    dissolveTeams: enqueueActions(({ context: { eventId, teamIds }, enqueue }) => {
      const command = { type: "DissolveWith", data: { eventId } } as const;
      for (const teamId of teamIds) enqueue(send(Team, teamId, command, { as: "dissolve" }));
      // They are with the commands from now on: each step records the whole context.
      enqueue.assign({ unanswered: teamIds.length, teamIds: [] });
    }),
    countAnswer: assign({ unanswered: ({ context }) => context.unanswered - 1 }),
  },
}).createMachine({
  id: "cascade",
  context: ({ input }) => ({ ...input, unanswered: 0 }),
  initial: "dissolving",
  states: {
    dissolving: {
      entry: "dissolveTeams",
      always: [
        { guard: "allGone", target: "done" },
        { guard: "allAnswered", target: "resting" },
      ],
      on: {
        "dissolve.accepted": { actions: "countAnswer" },
        // Its state can't be read, say, until somebody deploys what can.
        "dissolve.given-up": {
          actions: [
            "countAnswer",
            assign({ teamIds: ({ context, event }) => [...context.teamIds, event.entityId] }),
          ],
        },
      },
    },
    resting: { after: { again: "dissolving" } },
    done: { type: "final" },
  },
});

export const Cascade = saga({
  name: "cascade",
  machine,
  from: [FestivalEvent],
  correlate: {
    EventDeleted: ({ entityId, data }) => start(entityId, { eventId: entityId, ...data }),
  },
  start: "beginning",
});
