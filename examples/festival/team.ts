/** A team. It decides which event it belongs to, one at a time; which one it may join is that event's business. */
import { aggregate, reject } from "tidemark";

export type TeamCommand =
  | { readonly type: "Found"; readonly data: { readonly name: string; readonly eventId: string } }
  | { readonly type: "Move"; readonly data: { readonly eventId: string } }
  | { readonly type: "Dissolve" }
  /** The event has admitted it. */
  | { readonly type: "Settle"; readonly data: { readonly join: number } }
  /** The event hasn't. */
  | { readonly type: "RefuseJoin"; readonly data: { readonly join: number; readonly code: string } }
  /** The event is deleted, and whoever belongs to it goes with it. */
  | { readonly type: "DissolveWith"; readonly data: { readonly eventId: string } };

export type TeamEvent =
  | { readonly type: "TeamFounded"; readonly data: { readonly name: string } }
  | {
      readonly type: "JoinAsked";
      readonly data: { readonly eventId: string; readonly join: number };
    }
  | {
      readonly type: "TeamSettled";
      readonly data: {
        readonly eventId: string;
        readonly join: number;
        /** The joining that it has left by that; null for its first event. */
        readonly left: number | null;
      };
    }
  | {
      readonly type: "JoinRefused";
      readonly data: { readonly eventId: string; readonly join: number; readonly code: string };
    }
  | {
      readonly type: "TeamDissolved";
      readonly data: {
        /** The joining that it has left by that; null where it had no event yet. */
        readonly left: number | null;
        readonly because: "asked" | "event-deleted" | "not-admitted";
      };
    };

export interface TeamState {
  readonly status: "none" | "active" | "dissolved";
  /** Joinings are numbered, so that what comes late of an old one is known as such. */
  readonly joins: number;
  readonly member: { readonly eventId: string; readonly join: number } | null;
  /** Asked for, and not yet answered. */
  readonly joining: string | null;
}

export const Team = aggregate<TeamState, TeamCommand, TeamEvent>({
  name: "team",
  initialState: () => ({ status: "none", joins: 0, member: null, joining: null }),
  decide: {
    Found: ({ status }, { name, eventId }) =>
      status === "none"
        ? [
            { type: "TeamFounded", data: { name } },
            { type: "JoinAsked", data: { eventId, join: 1 } },
          ]
        : reject("founded-already"),
    Move: ({ status, member, joining, joins }, { eventId }) => {
      if (status !== "active") return reject("no-such-team");
      if (joining !== null) return reject("joining-already", { eventId: joining });
      if (member?.eventId === eventId) return [];
      return { type: "JoinAsked", data: { eventId, join: joins + 1 } };
    },
    Dissolve: (team) =>
      team.status === "active" ? dissolved(team, "asked") : reject("no-such-team"),
    Settle: ({ status, member, joining, joins }, { join }) => {
      if (member?.join === join) return [];
      if (status !== "active" || joining === null || join !== joins) return reject("called-off");
      return { type: "TeamSettled", data: { eventId: joining, join, left: member?.join ?? null } };
    },
    RefuseJoin: (team, { join, code }) => (join === team.joins ? refused(team, code) : []),
    DissolveWith: (team, { eventId }) => {
      if (team.status !== "active") return [];
      if (team.member?.eventId === eventId) return dissolved(team, "event-deleted");
      // It was on its way there: it stays where it is. Or it has left, and the event didn't know yet.
      return team.joining === eventId ? refused(team, "deleted") : [];
    },
  },
  evolve: {
    TeamFounded: (team) => ({ ...team, status: "active" }),
    JoinAsked: (team, { eventId, join }) => ({ ...team, joining: eventId, joins: join }),
    TeamSettled: (team, { eventId, join }) => ({
      ...team,
      member: { eventId, join },
      joining: null,
    }),
    JoinRefused: (team) => ({ ...team, joining: null }),
    TeamDissolved: (team) => ({ ...team, status: "dissolved", member: null, joining: null }),
  },
});

function dissolved(
  { member }: TeamState,
  because: "asked" | "event-deleted" | "not-admitted",
): TeamEvent {
  return { type: "TeamDissolved", data: { left: member?.join ?? null, because } };
}

/** A team that was to begin at that event has nowhere to be. */
function refused(team: TeamState, code: string): readonly TeamEvent[] {
  const { status, joining, joins, member } = team;
  if (status !== "active" || joining === null) return [];
  const refusal = { type: "JoinRefused", data: { eventId: joining, join: joins, code } } as const;
  return member === null ? [refusal, dissolved(team, "not-admitted")] : [refusal];
}
