/** An event of the festival. It decides who belongs to it: a team is in once it is admitted, and a deleted event admits nobody. */
import { aggregate, reject } from "tidemark";

/** One membership: the team, and the number of its joining, since a team may leave and come again. */
export interface Membership {
  readonly teamId: string;
  readonly join: number;
}

export type FestivalEventCommand =
  | { readonly type: "Announce"; readonly data: { readonly name: string } }
  | { readonly type: "Admit"; readonly data: Membership }
  | { readonly type: "Release"; readonly data: Membership }
  | { readonly type: "Delete" };

export type FestivalEventEvent =
  | { readonly type: "EventAnnounced"; readonly data: { readonly name: string } }
  | { readonly type: "TeamAdmitted"; readonly data: Membership }
  | { readonly type: "TeamReleased"; readonly data: Membership }
  /** Whom it takes along: everybody who is admitted at that moment, which nobody who comes later can be. */
  | { readonly type: "EventDeleted"; readonly data: { readonly teamIds: readonly string[] } };

export interface FestivalEventState {
  readonly status: "none" | "announced" | "deleted";
  /** Numbers of joinings by team. */
  readonly teams: Readonly<Record<string, number>>;
}

export const FestivalEvent = aggregate<
  FestivalEventState,
  FestivalEventCommand,
  FestivalEventEvent
>({
  name: "festival-event",
  initialState: () => ({ status: "none", teams: {} }),
  decide: {
    Announce: ({ status }, data) =>
      status === "none" ? { type: "EventAnnounced", data } : reject("announced-already"),
    // #region admit
    Admit: ({ status, teams }, data) => {
      if (status !== "announced") return reject(status === "none" ? "no-such-event" : "deleted");
      return (teams[data.teamId] ?? 0) >= data.join ? [] : { type: "TeamAdmitted", data };
    },
    // #endregion
    // Late, or for somebody who has come again since: nothing to do.
    Release: ({ teams }, data) =>
      (teams[data.teamId] ?? Infinity) > data.join ? [] : { type: "TeamReleased", data },
    // #region admit
    Delete: ({ status, teams }) => {
      if (status === "none") return reject("no-such-event");
      if (status === "deleted") return [];
      return { type: "EventDeleted", data: { teamIds: Object.keys(teams) } };
    },
    // #endregion
  },
  evolve: {
    EventAnnounced: (state) => ({ ...state, status: "announced" }),
    TeamAdmitted: (state, { teamId, join }) => ({
      ...state,
      teams: { ...state.teams, [teamId]: join },
    }),
    TeamReleased: (state, { teamId }) => {
      const { [teamId]: _released, ...teams } = state.teams;
      return { ...state, teams };
    },
    EventDeleted: () => ({ status: "deleted", teams: {} }),
  },
});
