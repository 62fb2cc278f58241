/** The reactor: a mail for each registration, once the read model shows the user. */
import assert from "node:assert/strict";
import { reactor } from "tidemark";
import type { MailProvider } from "./mail-provider.js";
import { User } from "./user.js";
import { usersView } from "./users-view.js";

/** Where this example lets itself be killed: behind the commit, before or after the mail has gone out. */
export type Moment = "before-send" | "after-send";

export function welcomeMail(
  provider: MailProvider,
  passing: (moment: Moment, userId: string) => void,
) {
  // #region reactor
  return reactor({
    name: "welcome-mail",
    from: [User],
    after: usersView,
    start: "beginning",
    on: {
      Registered: async ({ entityId }, { effectId, view, signal }) => {
        const user = await view(usersView).get(entityId);
        assert(user, `${entityId} is to be welcomed, and the read model doesn't show them`);
        // #endregion
        passing("before-send", entityId);
        // #region reactor
        await provider.send(effectId, { to: user.email, subject: `Welcome, ${user.name}` }, signal);
        // #endregion
        passing("after-send", entityId);
        // #region reactor
      },
    },
  });
  // #endregion
}
