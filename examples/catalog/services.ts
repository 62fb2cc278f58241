/** The two services, as each is opened in its process. They have the server and the prefix in common, and no directory. */
import { openRuntime, type Runtime, type Transport } from "tidemark";
import { nats } from "tidemark/nats";
import { catalog, Products, Users } from "./catalog-view.js";
import { fetchUsers } from "./fetch-users-reactor.js";
import { FetchedUser, Product } from "./product.js";
import { User } from "./user.js";
import { UserProfile, usersView } from "./users-view.js";

export const messagingAt = (servers: string): Transport => nats({ servers, prefix: "catalog" });

export function openUsers(directory: string, servers: string): Promise<Runtime> {
  return openRuntime({
    directory,
    aggregates: [User],
    projections: [usersView],
    endpoints: [UserProfile],
    messaging: messagingAt(servers),
  });
}

export function openProducts(
  directory: string,
  servers: string,
  onAsked: (userId: string, isFound: boolean) => void,
): Promise<Runtime> {
  // #region open
  const opening: Promise<Runtime> = openRuntime({
    directory,
    aggregates: [Product, FetchedUser],
    remotes: [Users],
    projections: [catalog],
    reactors: [fetchUsers(() => opening, onAsked)],
    endpoints: [Products],
    // Nobody else has to know what it fetched.
    expose: { commands: [Product], events: [Product] },
    messaging: messagingAt(servers),
  });
  // #endregion
  return opening;
}
