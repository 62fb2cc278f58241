/** The read model, and how to tell that a user doesn't exist from one that it doesn't show yet. */
import { collection, projection, type Runtime } from "tidemark";
import { User, type Registration } from "./user.js";

export const usersView = projection({
  name: "users",
  version: 1,
  from: [User],
  collections: { users: collection<Registration>().index("byEmail", "email") },
  on: {
    Registered: ({ entityId, data }, { users }) => users.put(entityId, data),
    Renamed: ({ entityId, data }, { users }) =>
      users.update(entityId, (user) => user && { ...user, name: data.name }),
  },
});

export type Standing = "in the view" | "not yet in the view" | "does not exist";

/** A command that only a user would be allowed is tried, and nothing is recorded. */
// #region standing
export async function standingOf(runtime: Runtime, userId: string): Promise<Standing> {
  if ((await runtime.view(usersView).get(userId)) !== undefined) return "in the view";
  const tried = await runtime.dryRun(User, userId, { type: "Rename", data: { name: "?" } });
  return tried.status === "accepted" ? "not yet in the view" : "does not exist";
}
// #endregion
