/** What the users service answers about one user: for services that haven't heard of somebody yet. */
import { collection, endpoint, projection } from "tidemark";
import { z } from "zod";
import { User, type Profile } from "./user.js";

/** A profile as of a version of its user. */
export interface VersionedProfile extends Profile {
  readonly version: number;
}

export const usersView = projection({
  name: "users",
  version: 1,
  from: [User],
  collections: { users: collection<VersionedProfile>() },
  on: {
    Registered: ({ entityId, version, data }, { users }) =>
      users.put(entityId, { ...data, version }),
    Renamed: ({ entityId, version, data }, { users }) =>
      users.update(entityId, (user) => user && { ...user, ...data, version }),
    EmailChanged: ({ entityId, version, data }, { users }) =>
      users.update(entityId, (user) => user && { ...user, ...data, version }),
  },
});

/** Null for somebody who isn't registered. */
export const UserProfile = endpoint<{ userId: string }, VersionedProfile | null>({
  name: "user-profile",
  description: "Name and e-mail of a user, and the version they are of",
  request: z.object({ userId: z.string() }),
  answer: async ({ userId }, { view }) =>
    (await view(usersView).get(userId, { fresh: true })) ?? null,
});
