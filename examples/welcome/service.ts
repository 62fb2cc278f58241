/** The service as it is started each time: users, their read model, and the mails. */
import { join } from "node:path";
import { openRuntime, type Runtime } from "tidemark";
import { MailProvider } from "./mail-provider.js";
import { User } from "./user.js";
import { usersView } from "./users-view.js";
import { welcomeMail, type Moment } from "./welcome-mail-reactor.js";

export interface Service {
  readonly runtime: Runtime;
  readonly provider: MailProvider;
}

/** @param passing - Told of each mail on its way, before and after it is sent. */
export async function openService(
  directory: string,
  passing: (moment: Moment, userId: string) => void = () => undefined,
): Promise<Service> {
  const provider = new MailProvider(join(directory, "mails.ndjson"));
  const runtime = await openRuntime({
    directory,
    aggregates: [User],
    projections: [usersView],
    reactors: [welcomeMail(provider, passing)],
  });
  return { runtime, provider };
}

/** Resolves once at most so many events wait for the reactor: 0 says that every mail that is due has gone out. */
export async function mailsAreOut({ runtime }: Service, waitingMax = 0): Promise<void> {
  const waiting = () => runtime.status().reactors["welcome-mail"]?.lagEvents ?? 0;
  while (waiting() > waitingMax) await new Promise((resolve) => setTimeout(resolve, 2));
}
