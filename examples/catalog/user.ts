/** The aggregate of the users service. The products service knows its name and its events, and nothing else of it. */
import { aggregate, reject } from "tidemark";

export interface Profile {
  readonly name: string;
  readonly email: string;
}

export type UserCommand =
  | { readonly type: "Register"; readonly data: Profile }
  | { readonly type: "Rename"; readonly data: { readonly name: string } }
  | { readonly type: "ChangeEmail"; readonly data: { readonly email: string } };

export type UserEvent =
  | { readonly type: "Registered"; readonly data: Profile }
  | { readonly type: "Renamed"; readonly data: { readonly name: string } }
  | { readonly type: "EmailChanged"; readonly data: { readonly email: string } };

export const User = aggregate<Profile | null, UserCommand, UserEvent>({
  name: "user",
  initialState: () => null,
  decide: {
    Register: (user, profile) =>
      user === null ? { type: "Registered", data: profile } : reject("registered-already"),
    Rename: (user, data) => (user === null ? reject("no-such-user") : { type: "Renamed", data }),
    ChangeEmail: (user, data) =>
      user === null ? reject("no-such-user") : { type: "EmailChanged", data },
  },
  evolve: {
    Registered: (_user, profile) => profile,
    Renamed: (user, { name }) => ({ name, email: user?.email ?? "" }),
    EmailChanged: (user, { email }) => ({ name: user?.name ?? "", email }),
  },
});
