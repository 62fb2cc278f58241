/** Who there is, and who may do what. Deleted users aren't in it. */
import { collection, projection } from "tidemark";
import { User, type Profile } from "./user.js";

export const usersView = projection({
  name: "users",
  version: 1,
  from: [User],
  collections: { users: collection<Profile>().indexEach("byRole", "roles") },
  on: {
    UserRegistered: ({ entityId, data }, { users }) => users.put(entityId, { ...data, roles: [] }),
    UserRenamed: ({ entityId, data }, { users }) =>
      users.update(entityId, (user) => user && { ...user, name: data.name }),
    RoleGranted: ({ entityId, data }, { users }) =>
      users.update(entityId, (user) => user && { ...user, roles: [...user.roles, data.role] }),
    RoleRevoked: ({ entityId, data }, { users }) =>
      users.update(
        entityId,
        (user) => user && { ...user, roles: user.roles.filter((role) => role !== data.role) },
      ),
    UserDeleted: ({ entityId }, { users }) => users.remove(entityId),
    UserRestored: ({ entityId, data }, { users }) => users.put(entityId, data.profile),
  },
});
