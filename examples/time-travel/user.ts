/** A user of a service: registers, is active, is given roles, is deleted, and may be restored as they were. */
import { aggregate, reject } from "tidemark";

export interface Profile {
  readonly name: string;
  readonly email: string;
  readonly roles: readonly string[];
}

export type UserCommand =
  | { readonly type: "Register"; readonly data: { readonly name: string; readonly email: string } }
  | { readonly type: "Visit"; readonly data: { readonly page: string } }
  | { readonly type: "Rename"; readonly data: { readonly name: string } }
  | { readonly type: "GrantRole"; readonly data: { readonly role: string } }
  | { readonly type: "RevokeRole"; readonly data: { readonly role: string } }
  | { readonly type: "Delete"; readonly data: { readonly by: string } }
  /** Compensates a deletion: with what the history says that they were. */
  | {
      readonly type: "Restore";
      readonly data: { readonly profile: Profile; readonly asOfVersion: number };
    }
  /** The time in which a deletion can be undone is over. */
  | { readonly type: "Purge" };

export type UserEvent =
  | {
      readonly type: "UserRegistered";
      readonly data: { readonly name: string; readonly email: string };
    }
  | { readonly type: "PageVisited"; readonly data: { readonly page: string } }
  | { readonly type: "UserRenamed"; readonly data: { readonly name: string } }
  | { readonly type: "RoleGranted"; readonly data: { readonly role: string } }
  | { readonly type: "RoleRevoked"; readonly data: { readonly role: string } }
  | { readonly type: "UserDeleted"; readonly data: { readonly by: string } }
  | {
      readonly type: "UserRestored";
      readonly data: { readonly profile: Profile; readonly asOfVersion: number };
    }
  | { readonly type: "UserPurged" };

export interface UserState {
  readonly status: "none" | "active" | "deleted" | "purged";
  readonly profile: Profile | null;
  readonly visits: number;
  readonly lastPage: string | null;
}

const NOBODY: UserState = { status: "none", profile: null, visits: 0, lastPage: null };

export const User = aggregate<UserState, UserCommand, UserEvent>({
  name: "user",
  initialState: () => NOBODY,
  decide: {
    Register: ({ status }, data) =>
      status === "none" ? { type: "UserRegistered", data } : reject("registered-already"),
    Visit: ({ status }, data) =>
      status === "active" ? { type: "PageVisited", data } : reject("no-such-user"),
    Rename: ({ status }, data) =>
      status === "active" ? { type: "UserRenamed", data } : reject("no-such-user"),
    GrantRole: ({ profile }, data) => {
      if (profile === null) return reject("no-such-user");
      return profile.roles.includes(data.role) ? [] : { type: "RoleGranted", data };
    },
    RevokeRole: ({ profile }, data) => {
      if (profile === null) return reject("no-such-user");
      return profile.roles.includes(data.role) ? { type: "RoleRevoked", data } : [];
    },
    Delete: ({ status }, data) =>
      status === "active" ? { type: "UserDeleted", data } : reject("no-such-user"),
    Restore: ({ status }, data) => {
      if (status === "purged") return reject("purged");
      return status === "deleted" ? { type: "UserRestored", data } : reject("not-deleted");
    },
    Purge: ({ status }) => (status === "deleted" ? { type: "UserPurged" } : reject("not-deleted")),
  },
  evolve: {
    UserRegistered: (user, data) => ({
      ...user,
      status: "active",
      profile: { ...data, roles: [] },
    }),
    PageVisited: (user, { page }) => ({ ...user, visits: user.visits + 1, lastPage: page }),
    UserRenamed: (user, { name }) => changed(user, (profile) => ({ ...profile, name })),
    RoleGranted: (user, { role }) =>
      changed(user, (profile) => ({ ...profile, roles: [...profile.roles, role] })),
    RoleRevoked: (user, { role }) =>
      changed(user, (profile) => ({
        ...profile,
        roles: profile.roles.filter((each) => each !== role),
      })),
    UserDeleted: (user) => ({ ...user, status: "deleted", profile: null }),
    UserRestored: (user, { profile }) => ({ ...user, status: "active", profile }),
    UserPurged: (user) => ({ ...user, status: "purged", lastPage: null }),
  },
  // #region snapshots
  // The newest three are kept, so that what was true a while ago isn't folded from the first event.
  snapshots: { everyEvents: 100, onEvents: ["UserDeleted"], keep: 3 },
  // #endregion
});

function changed(user: UserState, change: (profile: Profile) => Profile): UserState {
  return user.profile === null ? user : { ...user, profile: change(user.profile) };
}
