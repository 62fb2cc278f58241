/**
 * The read side: which teams an event has, and which event a team is in, from events alone. At no position does it show a team
 * at an event that isn't there.
 */
import { collection, projection } from "tidemark";
import { FestivalEvent } from "./festival-event.js";
import { Team } from "./team.js";

export interface EventRow {
  readonly name: string;
}

export interface TeamRow {
  readonly name: string;
  /** Null before its first event has admitted it, and when its event is deleted and it hasn't been told. */
  readonly eventId: string | null;
  readonly eventName: string;
}

const NOWHERE = { eventId: null, eventName: "" };

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
    EventDeleted: ({ entityId }, { events, teams }) => {
      events.remove(entityId);
      // Not removed: one of them may be on its way to another event.
      for (const { id, document } of teams.find("byEvent", { equals: entityId }))
        teams.put(id, { ...document, ...NOWHERE });
    },
    TeamFounded: ({ entityId, data: { name } }, { teams }) =>
      teams.put(entityId, { name, ...NOWHERE }),
    TeamSettled: ({ entityId, data: { eventId } }, { events, teams }) => {
      const event = events.get(eventId);
      // Where the event was deleted before, the cascade is on its way to the team.
      const place = event === undefined ? NOWHERE : { eventId, eventName: event.name };
      teams.update(entityId, (team) => team && { ...team, ...place });
    },
    TeamDissolved: ({ entityId }, { teams }) => teams.remove(entityId),
  },
});
