/** What doesn't work: to ask a view before the command, and to leave it to a unique index of a view behind it. */
import { aggregate, collection, openRuntime, projection, type Runtime } from "tidemark";
import { emailKey } from "./normalise.js";
import { signUps, type SignUp, type Size } from "./traffic.js";

interface Profile {
  readonly name: string;
  readonly email: string;
}

const CarelessUser = aggregate<
  Profile | null,
  { readonly type: "Create"; readonly data: Profile },
  { readonly type: "Created"; readonly data: Profile }
>({
  name: "careless-user",
  initialState: () => null,
  decide: { Create: (_user, data) => ({ type: "Created", data }) },
  evolve: { Created: (_user, profile) => profile },
});

const usersByEmail = projection({
  name: "users-by-email",
  version: 1,
  from: [CarelessUser],
  collections: { users: collection<Profile>().index("byEmail", "email") },
  on: { Created: ({ entityId, data }, { users }) => users.put(entityId, data) },
});

const uniqueUsers = projection({
  name: "unique-users",
  version: 1,
  from: [CarelessUser],
  collections: { users: collection<Profile>().unique("byEmail", "email") },
  on: { Created: ({ entityId, data }, { users }) => users.put(entityId, data) },
  // Everybody behind the second one of an address waits with them.
  key: ({ data }) => data.email,
  onFailure: { attemptsMax: 1, then: "park" },
});

export interface WrongWays {
  /** Told that they have an account, after asking a view. */
  readonly created: number;
  readonly addresses: number;
  /** Shown by the view with a unique index, and parked there after they were told. */
  readonly shown: number;
  readonly parked: number;
}

export async function wrongWays(directory: string, size: Size): Promise<WrongWays> {
  const projections = [usersByEmail, uniqueUsers];
  const runtime = await openRuntime({ directory, aggregates: [CarelessUser], projections });
  try {
    const answers = await Promise.all(signUps(size).map((each) => askViewFirst(runtime, each)));
    const shown = await runtime.view(uniqueUsers).count({ fresh: true, timeoutMs: 60_000 });
    const { entries } = await runtime.view(usersByEmail).list({ fresh: true, limit: 10_000 });
    return {
      created: answers.filter(Boolean).length,
      addresses: new Set(entries.map(({ document }) => document.email)).size,
      shown,
      parked: runtime.status().projections["unique-users"]?.generations[0]?.parked ?? 0,
    };
  } finally {
    await runtime.close();
  }
}

/** Each asks before anybody is there, and everybody is told that the address is free. */
async function askViewFirst(runtime: Runtime, { userId, name, ...typed }: SignUp) {
  const email = emailKey(typed.email) ?? "";
  const found = await runtime.view(usersByEmail).find("byEmail", { equals: email, limit: 1 });
  if (found.entries.length > 0) return false;
  const data = { name, email };
  const { status } = await runtime.ask(CarelessUser, userId, { type: "Create", data });
  return status === "accepted";
}
