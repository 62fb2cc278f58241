/**
 * Asks the users service about the user of a new product whom this service hasn't heard of: its events may be still on their way,
 * or older than what the log goes back to. Their products are handled one after the other, so that only the first one asks.
 */
import { reactor, type Reactor, type Runtime } from "tidemark";
import { catalog } from "./catalog-view.js";
import { FetchedUser, Product } from "./product.js";
import { UserProfile } from "./users-view.js";

/**
 * @param runtime - The one that the reactor is opened with.
 * @param onAsked - Told of each question that was answered.
 */
export function fetchUsers(
  runtime: () => Promise<Runtime>,
  onAsked: (userId: string, isFound: boolean) => void,
): Reactor {
  // #region reactor
  return reactor({
    name: "fetch-users",
    from: [Product],
    key: ({ data }) => data.userId,
    start: "beginning",
    // The users service may be away for days; whoever has come by event in the meantime isn't asked for any more.
    onFailure: { attemptsMax: 1_000_000, retryDelayMaxMs: 1_000 },
    on: {
      Added: async ({ data: { userId } }, { view, effectId }) => {
        const known = await view(catalog, "users").get(userId, { fresh: true });
        if (known !== undefined) return;
        const products = await runtime();
        const profile = await products.call(UserProfile, { userId });
        onAsked(userId, profile !== null);
        if (profile === null) return;
        const command = { type: "Note", data: profile } as const;
        await products.ask(FetchedUser, userId, command, { commandId: effectId });
      },
    },
  });
  // #endregion
}
