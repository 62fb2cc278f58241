/** The read side: which teams an event has, and which event a team is in, from events alone. */
import { collection, projection } from "tidemark";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

export interface EventRow {
  readonly name: string;
}

export interface TeamRow {
  readonly name: string;
  /** Null while its first event hasn't admitted it. */
  readonly eventId: string | null;
  readonly eventName: string;
}

export const festivalView = projection({
  name: "festival",
  version: 1,
  from: [FestivalEvent, Team],
  collections: {
    events: collection<EventRow>(),
    teams: collection<TeamRow>().index("byEvent", "eventId", "name"),
  },
  on: {
    EventAnnounced: ({ entityId, data }, { events }) => events.put(entityId, data),
    // At once, though each team is told by its own event later: a list doesn't show teams of an event that is gone.
    EventDeleted: ({ entityId }, { events, teams }) => {
      events.remove(entityId);
      for (const { id } of teams.find("byEvent", { equals: entityId })) teams.remove(id);
    },
    TeamFounded: ({ entityId, data: { name } }, { teams }) =>
      teams.put(entityId, { name, eventId: null, eventName: "" }),
    TeamSettled: ({ entityId, data: { eventId } }, { events, teams }) => {
      const event = events.get(eventId);
      const team = teams.get(entityId);
      // Settled at an event that was deleted before: the cascade is on its way to it.
      if (event === undefined || team === undefined) teams.remove(entityId);
      else teams.put(entityId, { name: team.name, eventId, eventName: event.name });
    },
    TeamDissolved: ({ entityId }, { teams }) => teams.remove(entityId),
  },
});
