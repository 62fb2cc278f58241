/** The saga that takes an event's teams along when it is deleted: an instance for each event, done once every team has answered. */
import { saga, send, start, type AnswerEvent } from "tidemark";
import { assign, enqueueActions, setup } from "xstate";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

interface Deleted {
  readonly eventId: string;
  readonly teamIds: readonly string[];
}

const machine = setup({
  types: {
    context: {} as Deleted & { readonly left: number },
    input: {} as Deleted,
    events: {} as AnswerEvent<"dissolve", typeof Team>,
  },
  guards: {
    allAnswered: ({ context }) => context.left === 0,
  },
  actions: {
    dissolveTeams: enqueueActions(({ context: { eventId, teamIds }, enqueue }) => {
      const command = { type: "DissolveWith", data: { eventId } } as const;
      for (const teamId of teamIds) enqueue(send(Team, teamId, command, { as: "dissolve" }));
      // They are with the commands from now on; each step would record them once more.
      enqueue.assign({ teamIds: [] });
    }),
    countAnswer: assign({ left: ({ context }) => context.left - 1 }),
  },
}).createMachine({
  id: "cascade",
  context: ({ input }) => ({ ...input, left: input.teamIds.length }),
  initial: "dissolving",
  states: {
    dissolving: {
      entry: "dissolveTeams",
      always: { guard: "allAnswered", target: "done" },
      on: { "dissolve.accepted": { actions: "countAnswer" } },
    },
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
